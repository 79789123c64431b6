"""Chinese as it is spoken in the north: Putonghua."""

from agent.wording.lexicon.chinese.figures import Chinese
from agent.wording.lexicon.chinese.help import HELP
from agent.wording.lexicon.chinese.line import LINE
from agent.wording.lexicon.chinese.pieces import PIECES
from agent.wording.lexicon.chinese.turns import TURNS
from agent.wording.lexicon.chinese.yes_no import YES_NO
from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.picture_words import PictureWords

CHINESE = Lexicon(
    code="zh",
    figures=Chinese(),
    turns=TURNS,
    pieces=PIECES,
    greeting="您好！关于这个项目，什么都可以问我。",
    back="我回来了，请继续。",
    filler="请稍等。",
    apologies={
        "stt": "抱歉，我没有听清楚，请再说一遍。",
        "llm": "抱歉，我现在想不出答案，请再试一次。",
        "tts": "我的声音刚才出了问题，没能说出来的话在文字里，用括号标出。",
        "session": "抱歉，我这边出了故障。请稍等，或者重新呼叫。",
    },
    spare_voice="我的声音刚才出了问题，现在由另一个声音代替。",
    stand_by="我的一个引擎没有响应，已由另一个引擎接替。",
    may_remember="我可以记住这些和我们谈的内容，方便您下次来电吗？",
    recorded="本次通话会被录音。",
    farewell="我们的通话只能到这里了，再见。",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="抱歉，我看不了图片，请用语言告诉我图里有什么。",
        unwanted="本次通话中我不看图片。",
        unreadable="这个文件我打不开。请发送 JPEG、PNG、WebP 或 GIF 图片。",
        too_large="这张图片太大了：最大 {mb} MB、{mp} 百万像素。",
        too_many="一个问题我最多看 {most} 张图片，请先就这些提问。",
        unfinished="图片没有传完，请再发一次。",
    ),
    consent=Consent(
        sentence="我同意口译用我的声音说话。",
        core="同意",
        against=(
            *("不", "没", "沒", "别", "別", "勿", "未", "非", "反对", "反對", "拒绝", "拒絕"),
            *("如果", "是否", "吗", "嗎"),
        ),
        spellings=("我同意口譯用我的聲音說話。",),
    ),
    yes_no=YES_NO,
)
