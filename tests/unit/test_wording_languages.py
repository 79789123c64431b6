"""Figures and signs in further languages, and how the language of a piece is known."""

from types import SimpleNamespace

import pytest

from agent.personas.persona import expected_language
from agent.wording.markup import Markup
from agent.wording.reader import Reader
from agent.wording.tongues import language_of

GERMAN = [
    ("Das kostet 49,95 €.", "Das kostet neunundvierzig Euro fünfundneunzig."),
    ("Das macht 20 $.", "Das macht zwanzig Dollar."),
    ("1,50 € im Monat", "ein Euro fünfzig im Monat"),
    ("1.500 Leute", "eintausendfünfhundert Leute"),
    ("um 10:30 Uhr", "um zehn Uhr dreißig"),
    ("um 8 Uhr", "um acht Uhr"),
    ("um 1:00", "um ein Uhr"),
    ("am 3. Oktober 2025", "am dritten Oktober zweitausendfünfundzwanzig"),
    ("der 3. Oktober", "der dritte Oktober"),
    ("am 03.04.2025", "am dritten April zweitausendfünfundzwanzig"),
    ("im Jahr 1989", "im Jahr neunzehnhundertneunundachtzig"),
    ("der 1. Preis", "der erste Preis"),
    ("Er gewann den 1. Preis.", "Er gewann den ersten Preis."),
    ("mit dem 2. Zug", "mit dem zweiten Zug"),
    ("die 2. Runde", "die zweite Runde"),
    ("der Sieger der 2. Runde", "der Sieger der zweiten Runde"),
    ("in der 3. Woche", "in der dritten Woche"),
    ("ab der 5. Klasse", "ab der fünften Klasse"),
    ("ab 5. Klasse", "ab fünfter Klasse"),
    ("das 3. Kind", "das dritte Kind"),
    ("Wir gehen ins 3. Jahr.", "Wir gehen ins dritte Jahr."),
    ("ein 2. Versuch", "ein zweiter Versuch"),
    ("ein 2. Kind", "ein zweites Kind"),
    ("Es ist eine 2. Chance.", "Es ist eine zweite Chance."),
    ("mit einer 2. Chance", "mit einer zweiten Chance"),
    ("jeder 5. Mensch", "jeder fünfte Mensch"),
    ("jeden 2. Tag", "jeden zweiten Tag"),
    ("zum 4. Mal", "zum vierten Mal"),
    ("die 2. und die 3. Runde", "die zweite und die dritte Runde"),
    ("vom 1. bis 3. Mai", "vom ersten bis dritten Mai"),
    ("seit dem 1. Januar", "seit dem ersten Januar"),
    ("seit 1. Januar", "seit erstem Januar"),
    ("Donnerstag, 1. Mai", "Donnerstag, erster Mai"),
    ("Heute ist der 03.10.", "Heute ist der dritte Oktober"),
    ("am kommenden 2. Advent", "am kommenden zweiten Advent"),
    ("am 24. um acht Uhr", "am vierundzwanzigsten um acht Uhr"),
    ("die 3. ist besser", "die dritte ist besser"),
    ("Heinrich der 8. war König.", "Heinrich der achte war König."),
    ("Ich habe 3. Du hast 12.", "Ich habe drei. Du hast zwölf."),
    ("50 % der Zeit", "fünfzig Prozent der Zeit"),
    ("-5 °C", "minus fünf Grad Celsius"),
    ("120 km/h", "einhundertzwanzig Kilometer pro Stunde"),
    ("1 Stunde und 1 Tag", "eine Stunde und ein Tag"),
    ("3,5 kg", "drei Komma fünf Kilogramm"),
    ("3/4 davon", "drei Viertel davon"),
    ("1/2 Liter", "ein halb Liter"),
    ("z.B. das, d.h. dies usw.", "zum Beispiel das, das heißt dies und so weiter."),
    ("5-10 Minuten", "fünf bis zehn Minuten"),
    ("am 24.12. um 7.30 Uhr", "am vierundzwanzigsten Dezember um sieben Uhr dreißig"),
    ("es steht 1:0", "es steht eins zu null"),
    ("Nr. 5", "Nummer fünf"),
    ("Müller & Söhne", "Müller und Söhne"),
    ("Version 1.8.9", "Version eins Punkt acht Punkt neun"),
    ("Siehe www.beispiel.de.", "Siehe beispiel Punkt de."),
]
FRENCH = [
    ("Ça coûte 49,95 €.", "Ça coûte quarante-neuf euros quatre-vingt-quinze."),
    ("1 € et 2 €", "un euro et deux euros"),
    ("20 $", "vingt dollars"),
    ("à 8h30", "à huit heures trente"),
    ("à 20 h", "à vingt heures"),
    ("à 10:30", "à dix heures trente"),
    ("à 1h", "à une heure"),
    ("le 1er mai 2024", "le premier mai deux mille vingt-quatre"),
    ("le 14 juillet", "le quatorze juillet"),
    ("le 03/04/2025", "le trois avril deux mille vingt-cinq"),
    ("50 % des gens", "cinquante pour cent des gens"),
    ("1 500 personnes", "mille cinq cents personnes"),
    ("3,5 km", "trois virgule cinq kilomètres"),
    ("90 km/h", "quatre-vingt-dix kilomètres heure"),
    ("1,5 litre et 1,5 l", "un virgule cinq litre et un virgule cinq litre"),
    ("M. Dupont fait 5 m.", "monsieur Dupont fait cinq mètres."),
    ("la 2e fois", "la deuxième fois"),
    ("au XXe siècle", "au vingtième siècle"),
    ("Louis XIV", "Louis quatorze"),
    ("3/4 des gens", "trois quarts des gens"),
    ("n° 5", "numéro cinq"),
    ("5 à 10, 5-10 jours", "cinq à dix, cinq à dix jours"),
    ("2 millions d'euros, 3 M€", "deux millions d'euros, trois millions d'euros"),
    ("Tom & Marie", "Tom et Marie"),
]
SPANISH = [
    ("Cuesta 49,95 €.", "Cuesta cuarenta y nueve euros con noventa y cinco."),
    ("1 € y 21 €", "un euro y veintiún euros"),
    ("$20", "veinte dólares"),
    ("a las 10:30", "a las diez y treinta"),
    ("a las 8:00", "a las ocho en punto"),
    ("a la 1:15", "a la una y quince"),
    ("el 5 de mayo de 2024", "el cinco de mayo de dos mil veinticuatro"),
    ("el 03/04/2025", "el tres de abril de dos mil veinticinco"),
    ("el 1 de enero", "el primero de enero"),
    ("50 %", "cincuenta por ciento"),
    ("1.500 personas", "mil quinientas personas"),
    ("21 días y 21 casas", "veintiún días y veintiuna casas"),
    ("3,5 kg", "tres coma cinco kilos"),
    ("90 km/h", "noventa kilómetros por hora"),
    ("-5 °C", "menos cinco grados Celsius"),
    ("el 1º y la 2ª", "el primero y la segunda"),
    ("Felipe VI", "Felipe seis"),
    ("3/4 de taza", "tres cuartos de taza"),
    ("5-10 minutos", "cinco a diez minutos"),
    ("p. ej. esto, etc.", "por ejemplo esto, etcétera."),
    ("núm. 5", "número cinco"),
    ("info@ejemplo.es", "info arroba ejemplo punto es"),
]
PORTUGUESE = [
    ("Custa R$ 49,95.", "Custa quarenta e nove reais e noventa e cinco centavos."),
    ("1 € e 2 €", "um euro e dois euros"),
    ("US$ 20", "vinte dólares"),
    ("às 10:30", "às dez e trinta"),
    ("às 8h", "às oito horas"),
    ("às 2h15", "às duas e quinze"),
    ("5 de maio de 2024", "cinco de maio de dois mil e vinte e quatro"),
    ("em 03/04/2025", "em três de abril de dois mil e vinte e cinco"),
    ("50 %", "cinquenta por cento"),
    ("1.500 pessoas", "mil e quinhentas pessoas"),
    ("2 horas e 2 dias", "duas horas e dois dias"),
    ("3,5 kg", "três vírgula cinco quilos"),
    ("90 km/h", "noventa quilômetros por hora"),
    ("-5 °C", "menos cinco graus Celsius"),
    ("o 1º e a 2ª", "o primeiro e a segunda"),
    ("3/4 do total", "três quartos do total"),
    ("5-10 minutos", "cinco a dez minutos"),
    ("p. ex. isto, etc.", "por exemplo isto, et cetera."),
    ("n.º 5", "número cinco"),
    ("info@exemplo.pt", "info arroba exemplo ponto pt"),
    ("Ana & Rui", "Ana e Rui"),
]
JAPANESE = [
    ("これは$20です。", "これは20ドルです。"),
    ("$49.95です", "49ドル95セントです"),
    ("1,500円です", "1500円です"),
    ("¥1,500です", "1500円です"),
    ("€20です", "20ユーロです"),
    ("10:30に始まります", "10時30分に始まります"),
    ("8:00です", "8時です"),
    ("50%です", "50パーセントです"),
    ("2025-03-04です", "2025年3月4日です"),
    ("今日は5 °Cです", "今日は5度です"),
    ("-5℃です", "マイナス5度です"),
    ("90 km/hです", "90キロメートル毎時です"),
    ("5kgの米", "5キログラムの米"),
    ("16GBです", "16ギガバイトです"),
    ("3/4です", "4分の3です"),
    ("5-10分です", "5から10分です"),
    ("~20人です", "約20人です"),
    ("3 × 4 = 12です", "3掛ける4 イコール 12です"),
    ("A & Bです", "A アンド Bです"),
    ("https://www.example.com/aを見てください", "example ドット comを見てください"),
    ("よかった😀です", "よかった です"),
    ("（笑い）はい", "はい"),
]
SOME = [
    ("it", "Costa 49,95 €.", "Costa quarantanove euro e novantacinque."),
    ("it", "alle 10:30", "alle dieci e trenta"),
    ("it", "50 % e 90 km/h", "cinquanta per cento e novanta chilometri orari"),
    ("it", "1.500 persone", "millecinquecento persone"),
    ("it", "il 5 maggio 2024", "il cinque maggio duemilaventiquattro"),
    ("ko", "가격은 $20입니다", "가격은 20달러입니다"),
    ("ko", "50%입니다", "50퍼센트입니다"),
    ("ko", "10:30에", "10시 30분에"),
    ("ru", "Это стоит 21 ₽, 22 ₽ и 25 ₽", "Это стоит 21 рубль, 22 рубля и 25 рублей"),
    ("ru", "90 км/ч и 50 %", "90 километров в час и 50 процентов"),
    ("ru", "03.04.2025 в 10:30", "3 апреля 2025 года в 10:30"),
]


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        *(("de", *case) for case in GERMAN),
        *(("fr", *case) for case in FRENCH),
        *(("es", *case) for case in SPANISH),
        *(("pt-BR", *case) for case in PORTUGUESE),
        *(("ja", *case) for case in JAPANESE),
        *SOME,
    ],
)
def test_it_is_said_as_a_person_says_it(language: str, written: str, spoken: str) -> None:
    reader = Reader(language)
    assert reader.say(written) == spoken
    assert "".join(part.written for part in reader.read(written)) == written


@pytest.mark.parametrize(
    ("text", "before", "language"),
    [
        ("The price is $20.", "de", "en"),
        ("Das kostet 20 $.", "en", "de"),
        ("Le prix est de 20 $.", "en", "fr"),
        ("El precio es de 20 $.", "en", "es"),
        ("O preço é de 20 $ com você.", "en", "pt"),
        ("Il prezzo è di 20 $.", "en", "it"),
        ("价格是$20。", "en", "zh"),
        ("20ドルです。", "en", "ja"),
        ("20달러입니다.", "en", "ko"),
        ("Это 20 $.", "en", "ru"),
        ("Це їх 20 $.", "en", ""),
        ("20 $.", "fr", "fr"),
        ("OK.", "de", "de"),
        ("3月4日", "ja", "ja"),
        ("Het kost niet meer dan 20 euro.", "en", "nl"),
        ("Köszönöm, ez nem csak egy.", "en", "hu"),
        ("κοστίζει 20 €", "en", ""),
        ("See https://de.example.com/der/die/das and www.y.es.", "en", "en"),
    ],
)
def test_the_language_of_a_piece_is_told(text: str, before: str, language: str) -> None:
    assert language_of(text, before) == language


def test_a_piece_that_does_not_tell_is_in_the_language_of_the_one_before() -> None:
    reader = Reader("en")
    assert reader.say("Das ist nicht teuer:") == "Das ist nicht teuer:"
    assert reader.say("20 €.") == "zwanzig Euro."
    assert reader.say("价格是：") == "价格是："
    assert reader.say("20 €。") == "二十欧元。"


def test_figures_in_an_unknown_language_are_left_to_its_voice() -> None:
    assert Reader("en").say("Het kost niet meer dan 20 euro.") == "Het kost niet meer dan 20 euro."
    assert Reader("en").say("κοστίζει [1] 20 € 😀, https://www.e.gr/a.") == "κοστίζει 20 €, e.gr."


def test_the_callers_language_is_expected_until_a_reply_tells() -> None:
    reader = Reader()
    reader.expect("de-DE")
    assert reader.say("20 €") == "zwanzig Euro"
    reader.expect("xx")
    reader.expect("")
    assert reader.say("5 %") == "fünf Prozent"
    reader.expect("cmn-Hans-CN")
    assert reader.say("5 %") == "百分之五"


MARKED = [
    # A table, a formula, code; a link, HTML and an entity; a stage direction.
    ("en", "```py\nx = 1\ny = 2\n```", "The code is on the page."),
    ("en", "| a | b |\n|---|---|\n| 1 | 2 |", "The table is on the page."),
    ("en", r"So \(\frac{a}{2} \times x^2 \leq 5\).", "So a over two times x squared at most five."),
    ("en", r"So \(\sum_{i=0}^n x_i\) it is", "So a formula it is"),
    (
        "en",
        "See [this page](https://example.com/x).<br>Bye&nbsp;&amp; see",
        "See this page. Bye and see",
    ),
    ("en", "[laughs] Oh, *sighing softly* no (pauses).", "Oh, no."),
    ("de", "```\nx = 1\n```", "Der Code steht auf der Seite."),
    ("de", r"Also \(x^2 \geq 5\).", "Also x Quadrat mindestens fünf."),
    ("de", "(lacht) Das ist gut.", "Das ist gut."),
    ("fr", "| a | b |", "Le tableau est sur la page."),
    ("fr", r"Donc \(a = 2\).", "Donc a égale deux."),
    ("fr", "*sourit* Oui, c'est bien.", "Oui, c'est bien."),
    ("es", "```\nx = 1\n```", "El código está en la página."),
    ("es", r"\(2 + 2 = 4\)", "dos más dos igual a cuatro"),
    ("pt", "| a | b |", "A tabela está na página."),
    ("pt", "(risos) Muito bem.", "Muito bem."),
    ("it", "```\nx = 1\n```", "Il codice è sulla pagina."),
    ("zh", "```\nx = 1\n```", "代码在页面上。"),
    ("zh", r"\(x^2 = 4\)", "x的平方 等于 四"),
    ("zh", "*叹气* 好吧（笑）。", "好吧。"),
    ("ja", "| a | b |", "表は画面にあります。"),
    ("ja", "（笑い）そうですね", "そうですね"),
    ("ko", "```\nx = 1\n```", "코드는 화면에 있습니다."),
    ("ru", "```\nx = 1\n```", "Код на странице."),
]


@pytest.mark.parametrize(("language", "written", "spoken"), MARKED)
def test_what_is_for_the_eye_is_left_out_or_named(language: str, written: str, spoken: str) -> None:
    markup = Markup()
    assert Reader(language).say(markup.push(written) + markup.flush()) == spoken


@pytest.mark.parametrize(
    ("spoken", "voice", "language"),
    [
        ("pt-BR", "en-us", "pt-BR"),
        ("", "en-us", "en"),
        ("", "de_DE-thorsten-medium", "de"),
        ("", "cmn", "cmn"),
        ("", "alloy", ""),
        ("", "de+f3", ""),
    ],
)
def test_the_language_that_is_set_is_expected(spoken: str, voice: str, language: str) -> None:
    settings = SimpleNamespace(
        stt=[SimpleNamespace(options=SimpleNamespace(language=spoken))],
        tts=[SimpleNamespace(options=SimpleNamespace(voice=voice))],
    )
    assert expected_language(settings) == language


def test_the_language_of_a_voice_is_expected_where_the_recogniser_is_told_none() -> None:
    def expected(**voice: object) -> str:
        return expected_language(
            SimpleNamespace(
                stt=[SimpleNamespace(options=SimpleNamespace(language=""))],
                tts=[SimpleNamespace(options=SimpleNamespace(**voice))],
            )
        )

    assert expected(voice="anna", voices="voices.toml", language="zh") == "zh"
    assert expected(voice="eva", voices="voices.toml", language="") == ""
