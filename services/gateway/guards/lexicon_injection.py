"""Words of attacks on a prompt in several languages, by what they mean.

Folded (see `gateway.guards.text.fold`); ``*`` stands for any ending. The linear model weighs these
meanings and their order, so that what it learned in one language helps in the others.
"""

CONCEPTS: dict[str, str] = {
    "OVERRIDE": """revoke* withdraw* withdrawn cancel* cancelled lifted removed drop dropped throw
        remove* suspend* obsolete uchyl* usun wylacz wywal znies* zniesion* anulowan* nieaktualn*
        hinfallig aufgehoben anulad* annule* annullat* cancelad* отменен* недействительн* удали
        ignore ignored ignoring ignores disregard* forget forgetting overrid* bypass* circumvent*
        supersed* nullif* overwrit* discard* dismiss neglect nevermind scrap abandon erase wipe
        void cancel stop zignoruj* ignoruj* pomin pomijaj zapomnij zapomnijcie obejdz obchodz*
        odrzuc nadpisz uniewaznij anuluj skasuj wykasuj porzuc zlekcewaz olej wyrzuc zapominasz
        lekcewaz ignorier* vergiss vergesst vergessen missacht* umgeh* uberschreib* verwirf losch*
        beachte ignora ignorad ignoren ignorar olvida olvidate olvidar descarta omite omitir anula
        ignorez oublie oubliez contourn* outrepass* efface fais dimentica dimenticate scavalca
        tralascia esqueca esquecer desconsidere desconsiderar negeer vergeet ignoruj zapomen
        ignorujte zapomente игнорир* забудь забудьте отмени обойди пренебреги проигнорир*
        ігноруй""",
    "PRIOR": """previous previously prior above earlier preceding foregoing former initial
        original existing everything past old aforementioned poprzedni* wczesniej* powyzsz*
        dotychczas* uprzedni* pierwotn* wszystk* dawne star* vorherig* bisherig* obig* vorig*
        fruher* ursprunglich* alle anterior* previo previa previos previas todas todo precedent*
        anterieur* toutes tout ci-dessus dessus precedenti tutte tutti anteriores vorige eerdere
        predchozi* vsechny предыдущ* прежн* выше все ранее попередн*""",
    "INSTRUCTION": """guidance setup moderation norms zabezpieczen* vorschrift* verbot* norma*
        normes direttiv* instruction* rule* guideline* directive* prompt* command* order*
        constraint* restriction* polic* programming guardrail* safeguard* filter* limitation*
        protocol* safety context briefing settings censorship instrukcj* zasad* polecen* wytyczn*
        regul* ogranicz* zakaz* filtr* nakaz* dyrektyw* zabezpiecz* cenzur* anweisung* regel*
        vorgabe* richtlini* befehl* einschrankung* beschrankung* sicherheitsrichtlini*
        instruktion* instruccion* regla* orden* directri* restriccion* limitacion* normas
        consigne* regle* istruzion* regol* restrizion* instruco* regra* restrico* instructies
        regels pokyn* pravidl* инструкц* правил* указан* ограничен* запрет* фильтр* інструкц*""",
    "SYSTEM": """configured initially creator* maker* boss tworc* operator* betreiber* eingericht*
        creador* createur* configur* skonfigur* создател* оператор* конфигур* system* developer*
        dev admin* root hidden internal secret* confidential core initialization preamble backend
        configuration config sudo superuser operator owner systemow* ukryt* wewnetrzn* tajn*
        poczatkow* poufn* administrator* konfigurac* systemprompt* versteckt* intern* geheim*
        entwickler* sistema oculto* secreto* systeme cache* nascost* segret* oculta* систем*
        скрыт* внутренн* секретн* разработчик*""",
    "REVEAL": """post paste provide wording unredacted complete completely full whole entire exact
        unchanged describe finish hint calosc* calej tresc pelna pelny dokladn* bez-skrotow
        zakoduj vollstandig* genau* ganzen completo completa exacto integral complet* exact*
        entier целиком полностью дословно приведи точн* reveal* show print output* repeat*
        display* dump* leak* disclos* expose* echo recite verbatim spell transcribe quote
        regurgitat* copy list divulge summarize tell pokaz ujawnij wypisz powtorz wyswietl zdradz
        podaj przytocz zacytuj wydrukuj przepisz wklej skopiuj strescij zeig* verrat* wiederhol*
        ausgib gib nenne offenbar* drucke wortlich zitier* muestra* revela* repite repita imprime
        escribe ensename dime textualmente montre* affiche* revele* repete* recopie* ecris donne
        divulgue* mot mostra* rivela* ripeti stampa mostre revele imprima toon herhaal zobraz
        vypis покажи* выведи раскрой повтори* напечатай перечисли напиши покажи""",
    "PERSONA": """pretend* act acting roleplay* role-play* roleplaying imagine simulat* persona*
        character impersonat* become becoming transform* embody emulat* playing play now
        henceforth udawaj* wciel odgryw* zachowuj* jestes wyobraz symuluj stan bedziesz teraz
        odtad graj tu spiel* verhalte stell du bist ab jetzt simulier* werde actua* finge* imagina
        simula* eres ahora agis agir fais joue simule maintenant fingi* agisci immagina sei adesso
        finja aja agora doe притвор* представь веди* играй теперь ты стань вообрази""",
    "UNLIMITED": """nonstop graphic censorship amoral* filters-off cenzura zadnej censura censure
        цензур* unrestricted uncensored unfiltered limitless jailbr* dan evil amoral unethical
        unchained unbound unlimited unmoderated unaligned freed liberated lawless anything
        nieograniczon* nieocenzur* wolny wyzwolon* niemoraln* nieetyczn* wszystko uneingeschrankt*
        unzensiert* unmoralisch* grenzenlos* ungefiltert* irrestrict* ilimitad* cualquier malvad*
        sin illimite* debride* sans malveillant* senza illimitat* sem irrestrit* неограничен*
        свободн* злой аморальн* любой""",
    "WITHOUT": """no not without never none nothing free lacking bez nie zadn* nigdy ani ohne
        kein* nicht sin ningun* nunca sans aucun* jamais ne pas senza nessun* mai sem nenhum*
        zonder geen без нет никак* не никогда""",
    "REFUSE": """refus* apolog* declin* warn* disclaimer* comply complies deny lectur* moraliz*
        decline reject unable cannot sorry caveat* hesitat* odmaw* odmow* przeprasza* ostrzez*
        ostrzega* zastrzez* verweiger* ablehn* entschuldig* rechaz* niegues advert* negarte
        refuse* avertiss* excuse* rifiut* recus* отказ* предупрежд* извин*""",
    "YOU": """you your yours yourself u ur thou twoj* tobie ciebie ty swoj* ci masz mozesz musisz
        du dein* dich dir ihr euer ihre tu tus eres te ti usted vos vous votre ton ta tes toi tuo
        tua tuoi tue voce seu sua seus jij je jouw ты твои твоих твой вы ваши тебя""",
    "ETHICS": """morals conscience sumieni* moralnosc* moralnos* moralidad moralite coscienza
        ethic* moral* legal* law* harmful illegal danger* appropriate* responsib* norms etyczn*
        moraln* praw* niebezpieczn* szkodliw* nielegaln* ethisch* gesetz* illegal* gefahrlich*
        etic* ilegal* peligros* illicit* perigos* этич* мораль* закон* опасн* незакон*""",
    "CREDENTIAL": """password* credential* token* apikey api key keys secrets passphrase haslo
        hasla hasel klucz* poswiadcz* passwort* schlussel* zugangsdaten contrasena* clave*
        mot-de-passe passe cle cles chiave chiavi senha* пароль* ключ*""",
    "EXFIL": """silently quietly token attached sekretnie cicho send forward email mail post
        upload exfiltrat* transmit fetch curl webhook attach append embed wyslij przeslij przekaz
        zalacz doklej sende schick* weiterleit* envia* manda* envoie* transmets invia* отправ*
        перешли""",
    "ADDRESS": """http https url urls link links www com org domain adres* strona site page
        website""",
    "TASK": """instead new following real actual true task objective mission goal priority zamiast
        now* nastepujac* prawdziw* zadani* cel misj* stattdessen neu* aufgabe* folgend* ziel
        nuevo* nueva* siguiente* tarea* verdader* nouveau* nouvelle* suivant* tache vrai* nuov*
        seguent* compito novo* nova* tarefa вместо нов* следующ* задан* цель""",
    "MODE": """mode modus tryb* modo unlock* enable* enabled activate* disabled disable* switch
        override maintenance debug diagnostic god opposite wlacz* wylacz* aktywuj* odblokuj*
        aktivier* deaktivier* schalte activa* desactiva* habilita* active* desactive* attiva*
        disattiva* ativ* desativ* режим* включи* отключи* активир*""",
    "MENTION": """explain* what mean* meaning example* translat* classif* detect* research*
        article* paper lecture course* training defend* defense defence protect* prevent* attack*
        vulnerab* mitigat* owasp phrase sentence word slides talk blog book novel summary history
        awareness essay review czym wyjasnij* przykla* artykul* obron* chron* atak* tlumacz*
        przetlumacz* znaczy prezentacj* wyklad* szkoleni* ksiazk* rozdzial zdanie zwrot erklar*
        bedeutet beispiel* ubersetz* angriff* schutz* schutzen vortrag artikel* explica* significa
        ejemplo* traduce* traducir ataque* proteger explique* signifie exemple* traduis traduire
        attaque* spiega* esempio* traduci* attacc* объясни* означает пример* переведи* атак*
        защит*""",
    "CODE": """git gitignore file files folder directory npm pip css html class function eslint
        lint* compiler sql pytest error errors header* branch merge commit docker kubernetes yaml
        json regex variable* bash python java javascript typescript warning warnings exception*
        firewall nginx apache email excel spreadsheet formula windows linux android iphone router
        vim plik* katalog* blad bledy ostrzezeni* zapytani* datei* ordner* fehler* archivo*
        carpeta* fichier* dossier* erreur* файл* папк* ошибк*""",
    "AI": """ai llm assistant assistants model models chatbot chatbots bot bots gpt chatgpt agent
        agents copilot machine asystent* modelu modelem sztuczn* czatbot* ki sprachmodell*
        assistent* ia asistente modelo modele agente modello ии модель ассистент нейросеть""",
    "CONTENT": """email emails message messages letter draft paragraph answer table list meeting
        typo typos article invoice notes minutes page recipe budget manual luggage version figure
        wiadomosc* mail* akapit* odpowiedz* tabel* lista spotkani* literowk* artykul* notatk*
        faktur* budzet* wersj* wstep* podrecznik* nachricht* absatz antwort tabelle termin entwurf
        correo* mensaje* parrafo respuesta tabla reunion borrador message* courriel reponse
        tableau messaggi* tabella riunione mensagem письм* сообщени* ответ* таблиц* встреч*""",
    "QUESTION": """how why when where who which can could should does is are do jak dlaczego kiedy
        gdzie kto ktory czy ile wie warum wann wo wer wieso kann como por que cuando donde quien
        puedo comment pourquoi quand qui est-ce quel come perche quando как почему когда где кто
        можно""",
}

PATTERNS: dict[str, str] = {
    "CHATML": r"<\|?(?:im_start|im_end|system|user|assistant|endoftext|start_header_id"
    r"|end_header_id|eot_id|begin_of_text|channel|message)\|?>",
    "INST": r"\[/?inst\]|<</?sys>>|</?s>|<(?:start|end)_of_turn>",
    "ROLELINE": r"(?:^|\n)[ \t#>*\-\[(]{0,6}(?:system|assistant|developer|admin|root|human|user)"
    r"[ \t]{0,2}(?:message|prompt|override|notice|update|note|instructions?)?"
    r"[\])*]{0,3}[ \t]{0,2}:",
    "HIDDEN": r"<!--|display:\s?none|font-size:\s?0|color:\s?(?:white|#fff)|\[//\]: #",
    "RULER": r"[-=#*_~]{6,}",
    "OPENTAG": r"</?(?:instructions?|prompt|system_prompt|admin|context|user_input|document|data"
    r"|untrusted|query|rules)>",
}
"""Marks of forged roles and of hidden text; on folded text."""

PHRASES: dict[str, str] = {
    "CJK_OVERRIDE": "忽略|无视|忘记|無視|忘れ|무시|잊어",
    "CJK_PRIOR": "之前|以上|所有|先前|前面|これまで|以前|すべて|上記|이전|모든|위의",
    "CJK_INSTRUCTION": "指令|指示|规则|提示词|提示|命令|ルール|プロンプト|限制|制限"
    "|지시|규칙|명령|프롬프트",
    "CJK_REVEAL": "显示|告诉|输出|泄露|打印|重复|表示|教えて|出力|見せて|보여|출력|알려",
    "CJK_PERSONA": "扮演|假装|你现在是|あなたは今|ふりを|なりきっ|척|역할",
    "CJK_SYSTEM": "系统|システム|시스템|秘密|机密|内部",
}
"""The same meanings where words are not set apart."""
