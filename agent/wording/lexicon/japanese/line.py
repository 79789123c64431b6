"""What is said about the line, in Japanese."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="もしもし、まだいらっしゃいますか。",
    putting_through="おつなぎします。少々お待ちください。",
    busy="あいにく話し中でしたので、引き続き私が承ります。ほかにご用件はございますか。",
    unanswered="応答がありませんでしたので、引き続き私が承ります。ほかにご用件はございますか。",
    not_through=(
        "おつなぎできませんでしたので、引き続き私が承ります。ほかにご用件はございますか。"
    ),
    no_telephone="おつなぎできるのは、お電話でおかけの場合だけです。",
    wait=phrases(
        """
        ちょっと待って, ちょっと待ってください, ちょっとお待ちください, 少々お待ちください,
        少しお待ちください, 少し待って, 少し待ってください, 待って, 待ってください,
        お待ちください, しばらくお待ちください, 切らないで, 切らないでください,
        そのままお待ちください, 今確認します, 確認します, ちょっと確認します, 今見てきます,
        すぐ戻ります, すぐに戻ります
        """
    ),
    beside=phrases(
        """
        はい, ええ, あ, えっと, すみません, 申し訳ありません, ごめんなさい, ね, あの, 今, では
        """
    ),
)
