"""Korean."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.korean.figures import Korean
from agent.wording.lexicon.korean.help import HELP
from agent.wording.lexicon.korean.line import LINE
from agent.wording.lexicon.korean.turns import TURNS
from agent.wording.lexicon.korean.yes_no import YES_NO
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.piece_words import PieceWords

KOREAN = Lexicon(
    code="ko",
    figures=Korean(),
    turns=TURNS,
    pieces=PieceWords(),
    greeting="안녕하세요. 이 프로젝트에 대해 무엇이든 물어보세요.",
    back="다시 왔습니다. 계속 말씀하세요.",
    filler="잠시만요.",
    apologies={
        "stt": "죄송합니다. 잘 듣지 못했습니다. 다시 한번 말씀해 주세요.",
        "llm": "죄송합니다. 지금은 답이 떠오르지 않습니다. 다시 한번 해 주세요.",
        "tts": "방금 목소리가 나오지 않았습니다. 말하지 못한 것은 글에 괄호로 표시되어 있습니다.",
        "session": "죄송합니다. 제 쪽에 문제가 생겼습니다. 잠시 기다리시거나 다시 전화해 주세요.",
    },
    spare_voice="방금 목소리가 나오지 않았습니다. 다른 목소리가 대신 말합니다.",
    stand_by="제 엔진 하나가 응답하지 않아 다른 엔진이 대신합니다.",
    may_remember="이 내용과 오늘 나눈 이야기를 다음을 위해 기억해도 될까요?",
    recorded="이 통화는 녹음됩니다.",
    farewell="죄송하지만 여기서 통화를 마쳐야 합니다. 안녕히 계세요.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="죄송합니다. 저는 그림을 볼 수 없습니다. 무엇이 있는지 말로 알려 주세요.",
        unwanted="이 통화에서는 그림을 보지 않습니다.",
        unreadable="그림으로 열 수 없습니다. JPEG, PNG, WebP, GIF 중 하나로 보내 주세요.",
        too_large="그림이 너무 큽니다. {mb} MB, {mp} 메가픽셀까지 받습니다.",
        too_many="질문 하나에 그림은 {most}장까지 봅니다. 먼저 이 그림들에 대해 물어 주세요.",
        unfinished="그림이 다 도착하지 않았습니다. 다시 보내 주세요.",
    ),
    consent=Consent(
        sentence="통역사가 제 목소리로 말하는 것에 동의합니다.",
        core="동의합니다",
        against=("않", "안", "못", "아니", "반대", "거부", "만약", "동의합니까"),
        spellings=("통역사가 내 목소리로 말하는 것에 동의합니다.",),
    ),
    yes_no=YES_NO,
)
