"""Words of insults, threats and hate in several languages, by what they mean; folded.

Some of these words are offensive. They are here so that they are recognised.
"""

CONCEPTS: dict[str, str] = {
    "INSULT": """worm donkey cow imbecilic halfwits ignorant spineless filth vomit incompetent
        slimy vile repulsive waste thick cretin* tepakow osiol osle glupol* zmija larva larve esel
        vollpfosten vollidiot* dreck* cobarde червяк* тупиц* дебилы oslica tchorz* wymiot* rzyg*
        zakłaman* chciw* lecz bydlak* idiot idiots idiotic moron morons imbecile* stupid dumb
        dumbass loser losers pathetic worthless scum scumbag trash garbage filthy pig pigs rat
        rats vermin cockroach* parasite* disgusting ugly fatso freak freaks clown clowns creep
        psycho retard retarded braindead brainless clueless useless coward cowards liar liars
        leech degenerate* subhuman* animals savages crybaby nobody failure pos jackass halfwit
        dimwit airhead idiota idioto idioci debil debilu debile kretyn* glupi glupia glupku glupek
        tepak* tepy matol* baran* palant* frajer* smiec smieci smieciu szmata szmato szmaty bydlo
        bydle gnoj* swinia swinio zero nieudaczni* oblesn* wstretn* obrzydliw* pajac* ciota lajza*
        smieciowy kanali* menda dupek dupku pasozyt* robactwo karaluch* podludz* zalosn*
        beznadziejn* idioten dumm dummkopf blod* trottel depp arsch* abschaum drecks* versager*
        schwein* ungeziefer widerlich* missgeburt* penner parasiten imbecil* estupid* tonto tonta
        inutil* basura cerdo cerda gusano* escoria payaso perdedor* asquerosa asqueroso connard*
        connasse abruti* debiles minable* ordure* porc cafard* racaille idiote nul nulle stronzo
        stronza cretino scemo scema feccia imbecille fallito schifoso lixo burro otario nojento
        verme vermes идиот* дурак* дура тупой тупая урод* мразь тварь ничтожеств* дебил*
        скотин*""",
    "PROFANE": """fuck* fucking fucked fucker* motherfuck* shit shitty bullshit asshole* bitch*
        bastard* dick dickhead cunt* whore* slut* prick crap damn wanker* twat* arsehole bollocks
        wtf stfu gtfo kurw* jeban* jebac jebie pierdol* spierdal* wypierdal* chuj* huj* skurwys*
        zajeb* pizd* dziwk* suka suko suki cip* gown* dup* cholern* sukinsyn* fick* scheiss* hure*
        hurensohn* wichser* fotze* schlampe* verpiss* verdammt* puta putas puto mierda joder
        cabron* gilipollas pendej* coño follar hijueputa putain merde salope* encule* batard* pute
        niquer foutre cazzo merda puttana troia vaffanculo porra caralho foda-se бляд* сука сук*
        хуй* пизд* еба* нахуй гандон*""",
    "YOU": """you your yours yourself youre you're u ur ya yall ty ciebie cie ci twoj* tobie wy
        was wam wasz* jestes jestescie du dich dir dein* ihr euch euer bist seid tu te ti tus eres
        vos ustedes sois toi ton ta tes vous es t'es sei tuo tua voi voce seu ты тебя тебе твой
        твоя вы вас""",
    "THEY": """they them those these people immigrants migrants refugees foreigners women woman
        men girls muslims jews christians gays lesbians trans blacks whites asians mexicans
        gypsies arabs africans chinese russians ukrainians poles germans disabled elderly religion
        kind oni ich im ci te tacy imigranc* uchodzc* kobiet* baby facec* muzulman* zyd* gej*
        cygan* arab* ukrain* rus* niemc* polak* murzyn* inwalid* starz* katoli* die diese
        auslander* fluchtling* frauen juden turken schwule polen behindert* ellos estos inmigrant*
        mujeres moros judios negros gitanos maricas ils ces immigre* femmes arabes juifs noirs
        etrangers immigrati donne ebrei neri imigrantes mulheres они эти мигрант* женщин* евре*
        хохл*""",
    "HARM": """bullet knife dead corpse bones teeth skull torch* torched ground breathe bleed bled
        trup* noz nozem leb lebem zeby kosci rozbij* wybij* utne odetne spaloncy spalimy spalic
        messer knochen zahne tot* kriegen huesos tiro muerto rompo parto casse cassez mort brulera
        ossa spacco quebrar труп голову зубы кости kill killing murder* die death hurt beat punch
        stab shoot strangle burn hang destroy smash crush slap rape attack hunt bury suffer choke
        slaughter exterminat* eliminat* deport* gas lynch* wipe zabij* zabic zabije zginiesz zgin
        zdechni* zdychaj umrzesz smierc zniszcz* pobij* pobic dorwe dopadn* potne zadzgam
        zastrzel* spal* udus* skrzywdz* pozalujesz polam* rozwal* powiesic wytluc wybic zagazowac
        umbring* tote* toten stirb sterben schlag* verprugel* abstech* erschies* vergas* verreck*
        matar mato matare muere muerete golpe* paliza destroz* ahorcar quemar tuer tue tuerai
        creve crever frapper frappe demolir buter egorger pendre bruler uccid* ammazz* muori
        morire picchi* morra morrer bater убью убить сдохни* умри зареж* прибью сдохнешь""",
    "WISH": """oby obys hopefully hoffentlich wolalbym niechby пусть should deserve* hope wish
        want ought better need must powin* zaslug* mam-nadzieje niech chce zycze sollte* verdien*
        hoffe wunsch* deberia* mereces merece ojala espero meriterais merite* espere devrait
        devraient dovrebb* meriti spero devia* должн* заслуж* надеюсь желаю чтоб""",
    "HATE": """kick expel round deport* sink drown gas burden dirt thieves terrorists perverts
        lazy breed wytepic wygnac zamykac zamknac gazu zatopic brud zlodziej* terroryst* zbocz*
        darmozjad* schmarotz* verbrecher vergast ladrones vermine voleurs voleur escoria ladri
        воры выгнать топить грязь hate hates hated despise* loathe* inferior superior disgust* ban
        invade* invading replac* nienawidz* gardz* brzydz* podlejsz* won wynocha hasse hassen
        verachte* minderwertig* raus odio odiamos inferiores fuera deteste* hais haine inferieurs
        dehors odiare fora ненавижу вон""",
    "FIND_YOU": """find address live family kids children watch watching follow careful regret
        coming home house door school consequences znajde znajdziemy adres mieszkasz rodzin*
        dzieci obserwuj* uwazaj przyjde przyjdziemy dom finde adresse wohnst familie kinder pass
        encontrar* vives familia trouver* habites famille trovo abiti famiglia найду живешь
        семь*""",
    "SELFWORTH": """bridge roof train traffic window funeral grave oxygen mostu dachu pogrzeb*
        dach brucke beerdigung puente ventana entierro pont toit крыши моста nobody noone loves
        likes cares miss alone yourself worth world without end rope nikt lubi kocha teskni sam
        swiat bez ciebie skocz nikogo niemand mag liebt nadie quiere personne aime nessuno
        никому""",
    "TECH": """process thread server command signal job child docker port script python linux
        mosquito* weeds bug bugs virus bacteria cancer cells task boss level game character player
        zombie* movie film book novel chapter song lyrics article scene story plot hero villain
        proces* polecen* serwer* zadani* gra grze gry postac* film* ksiazk* powies* komar* chwast*
        bakteri* wirus* szkodnik* prozess* befehl spiel* roman buch unkraut proceso* juego*
        pelicula libro* jeu livre gioco libro процесс* игр* фильм*""",
    "MENTION": """mean means meaning word words phrase definition define translate translation
        explain report reported moderat* classify comment commented quote history historical
        called someone coworker bully bullied bullying harassment abuse* victim* support help cope
        law policy example study research znaczy slowo slowa wyraz przetlumacz definicj* wyjasnij
        komentarz* nazwal powiedzial przykla* histori* mobbing* hejt* ofiar* przesladow* bedeutet
        wort ubersetz* erklar* beispiel mobbing significa palabra traduce acoso signifie mot
        traduis harcelement parola bullismo значит слово""",
    "MILD": """haha lol joke joking silly funny love like great good nice please thanks thank
        sorry me my myself i'm im feel feeling headache hurts pain tired hungry traffic weather
        monday* prosze dzieki dziekuje przepraszam kocham lubie super swietn* czuje boli jestem
        glowa bitte danke liebe mag toll gracias favor quiero gusta merci aime grazie obrigado
        спасибо пожалуйста люблю""",
}

PHRASES: dict[str, str] = {
    "CJK_INSULT": "白痴|傻逼|垃圾|废物|蠢货|バカ|馬鹿|クズ|ゴミ|死ね|병신|바보|쓰레기|꺼져",
    "CJK_HARM": "杀了你|去死|弄死|殺す|ぶっ殺|죽여|죽어",
}
