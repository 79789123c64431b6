"""What is said about the line, in Chinese."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="您还在吗？",
    putting_through="我这就为您转接，请稍候。",
    busy="那边正在占线，所以还是由我来接待您。还有什么可以帮您的吗？",
    unanswered="那边没有人接听，所以还是由我来接待您。还有什么可以帮您的吗？",
    not_through="我没能为您转接成功，所以还是由我来接待您。还有什么可以帮您的吗？",
    no_telephone="只有打电话进来的来电我才能转接。",
    wait=phrases(
        """
        等一下, 等一等, 等等, 稍等, 稍等一下, 请稍等, 请等一下, 请等一等, 您等一下, 你等一下,
        您稍等, 你稍等, 等我一下, 等会儿, 等一会儿, 稍候, 请稍候, 别挂, 别挂断, 先别挂,
        请别挂断, 不要挂断, 我马上回来, 马上回来, 我看一下, 我查一下, 让我看一下, 让我看看,
        让我查一下, 等我看看, 等我查一下, 等一下哦
        """
    ),
    beside=phrases(
        """
        请, 好, 好的, 嗯, 哦, 啊, 呃, 不好意思, 对不起, 抱歉, 麻烦, 麻烦您, 那, 先, 谢谢
        """
    ),
)
