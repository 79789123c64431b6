"""Japanese."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.japanese.figures import Japanese
from agent.wording.lexicon.japanese.help import HELP
from agent.wording.lexicon.japanese.line import LINE
from agent.wording.lexicon.japanese.pieces import PIECES
from agent.wording.lexicon.japanese.turns import TURNS
from agent.wording.lexicon.japanese.yes_no import YES_NO
from agent.wording.lexicon.picture_words import PictureWords

JAPANESE = Lexicon(
    code="ja",
    figures=Japanese(),
    turns=TURNS,
    pieces=PIECES,
    greeting="こんにちは。このプロジェクトについて、何でも聞いてください。",
    back="戻りました。続けてください。",
    filler="少々お待ちください。",
    apologies={
        "stt": "すみません、聞き取れませんでした。もう一度お願いします。",
        "llm": "すみません、今は答えが思いつきません。もう一度お試しください。",
        "tts": "今、声が出なくなりました。言えなかったことは、文字で括弧の中にあります。",
        "session": "すみません、こちらで問題が起きました。少しお待ちになるか、かけ直してください。",
    },
    spare_voice="今、声が出なくなりました。代わりに別の声が話します。",
    stand_by="エンジンのひとつが応答しないため、別のエンジンに切り替えました。",
    may_remember="このことと今日のお話を、次回のために覚えておいてもよろしいですか？",
    recorded="この通話は録音されています。",
    farewell="申し訳ありませんが、ここで通話を終わらせていただきます。失礼いたします。",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="すみません、画像を見ることができません。何が写っているか、言葉で教えてください。",
        unwanted="この通話では画像を見ません。",
        unreadable="画像として開けません。JPEG、PNG、WebP、GIFのいずれかを送ってください。",
        too_large="画像が大きすぎます。{mb} MB、{mp}メガピクセルまで受け取れます。",
        too_many="一つの質問で見られる画像は{most}枚までです。先にこれらについて質問してください。",
        unfinished="画像が最後まで届きませんでした。もう一度送ってください。",
    ),
    consent=Consent(
        sentence="通訳が私の声で話すことに同意します。",
        core="同意します",
        against=("ません", "ない", "なく", "いいえ", "反対", "拒否", "もし", "ますか"),
        spellings=(
            "通訳がわたしの声で話すことに同意します。",
            "通訳が私の声で話す事に同意します。",
        ),
    ),
    yes_no=YES_NO,
)
