"""The forms of personal data and secrets. Every repetition is bounded, so time grows linearly."""

import re

KEY_PREFIXES = (
    "sk-proj-", "sk-ant-", "sk-", "sk_live_", "sk_test_", "rk_live_", "pk_live_", "ghp_", "gho_",
    "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xoxs-", "xapp-",
    "AKIA", "ASIA", "AIza", "ya29.", "hf_", "npm_", "pypi-", "dop_v1_", "SG.", "eyJ", "whsec_",
    "shpat_", "pul-", "hvs.", "dckr_pat_", "sq0atp-", "AGE-SECRET-KEY-1", "llmp_", "gsk_", "r8_",
)  # fmt: skip
"""What keys and tokens of well-known services begin with. A prefix by itself is no secret."""

_PREFIX = "|".join(re.escape(prefix) for prefix in KEY_PREFIXES)
KEY_BODY = r"[A-Za-z0-9_\-./+=]"

KEY_TOKEN = rf"(?<![A-Za-z0-9])(?:{_PREFIX})[A-Za-z0-9_\-]{KEY_BODY}{{15,2000}}"
KEY_NAME = (
    r"(?i:api[ _-]?key|apikey|access[ _-]?key|secret[ _-]?key|client[ _-]?secret|secret"
    r"|auth[ _-]?token|access[ _-]?token|token|password|passwd|passphrase|pwd|has[lł]o|passwort"
    r"|contraseña|mot de passe"
    r"|пароль)"
)
KEY_VALUE = r"[^\s\"'<>,;]{6,200}"
KEY_ASSIGNED = (
    rf"(?<![^\W_])(?:{KEY_NAME})[\"'`]?[ \t]{{0,3}}(?:[:=]|is|to|ist|es)[ \t]{{0,3}}[\"'`]?"
)
"""Name and sign; the value follows."""
BEARER = r"(?<!\w)(?:[Bb]earer|[Bb]asic)[ \t]{1,3}(?=[A-Za-z0-9_\-./+=]{16})"
URL_PASSWORD = r"(?<=://)[^\s/:@]{1,64}:(?=[^\s/@]{3,128}@)"  # noqa: S105 - a pattern
PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{1,16000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)

PESEL = r"(?<![\w.\-])[0-9]{6}[ \-]?[0-9]{5}(?![\w\-]|\.\d)"
NIP = (
    r"(?<![\w.])(?P<country>PL ?)?(?:(?P<hyphens>[0-9]{3}-[0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{3}-[0-9]{2}-[0-9]{2}-[0-9]{3})|[0-9]{3} [0-9]{3} [0-9]{2} [0-9]{2}|[0-9]{10})"
    r"(?![\w\-]|\.\d)"
)
IBAN_HEAD = r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ \-]?[A-Za-z0-9])"
IBAN_POLISH = r"(?<![\w.\-])[0-9]{2}(?:[ \-]?[0-9]{4}){6}(?![\w\-])"
"""A Polish account as it is written within the country, without PL."""
CARD_HEAD = r"(?<![\w.\-])[2-6][0-9]{3}(?=[ \-]?[0-9])"
EMAIL = (
    r"(?<![\w.+\-])[A-Za-z0-9\u00c0-\u024f_][A-Za-z0-9\u00c0-\u024f._%+'\-]{0,63}"
    r"(?:@|[ ]?[\[(](?:at|małpa|malpa)[\])][ ]?)"
    r"(?:[A-Za-z0-9\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f\-]{0,62}"
    r"(?:\.|[ ]?[\[(](?:dot|kropka)[\])][ ]?)){1,6}"
    r"(?:xn--[a-z0-9\-]{2,59}|[A-Za-z]{2,24})(?![A-Za-z0-9@])"
)
PHONE = (
    r"(?<![\w.,/=@#\-+])(?:\+|00)?\(?[0-9]{1,6}\)?"
    r"(?:[ \-./]{1,2}\(?[0-9]{1,9}\)?|\(?[0-9]{1,12}\)?)"
    r"(?:[ \-./]{1,2}[0-9]{1,9}){0,5}(?![\w\-@]|[.,/]\d)"
)
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rf"(?<![\w.\-]){_OCTET}(?:\.{_OCTET}){{3}}(?![\w\-]|\.\d)"
IPV6 = (
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}"
    r"(?:[0-9A-Fa-f]{1,4}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![\w:])"
)

PHONE_WORDS = [
    "phone", "tel", "telephone", "mobile", "cell", "call", "whatsapp", "sms", "fax", "text",
    "ring", "dial", "hotline", "telefon", "komórka", "komorka", "kom", "kontaktowy", "kontakt",
    "zadzwoń",
    "zadzwon", "dzwoń", "dzwonić", "infolinia", "telefonnummer", "handy", "anrufen", "ruf",
    "rufen", "mobil", "teléfono", "telefono", "móvil", "llama", "téléphone", "portable",
    "appelez", "cellulare", "chiama", "celular", "телефон", "phones", "reach", "contact",
]  # fmt: skip
NIP_WORDS = ["nip", "vat", "tax", "podatnik", "podatkowy", "faktura", "fakturę", "firma", "vatin"]
PESEL_WORDS = ["pesel"]
