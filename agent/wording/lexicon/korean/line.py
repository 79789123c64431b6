"""What is said about the line, in Korean."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="아직 듣고 계신가요?",
    putting_through="연결해 드리겠습니다. 잠시만 기다려 주세요.",
    busy="그쪽이 통화 중이어서 제가 계속 도와드리겠습니다. 무엇을 더 도와드릴까요?",
    unanswered="그쪽에서 전화를 받지 않아서 제가 계속 도와드리겠습니다. 무엇을 더 도와드릴까요?",
    not_through="연결하지 못해서 제가 계속 도와드리겠습니다. 무엇을 더 도와드릴까요?",
    no_telephone="전화로 거신 경우에만 연결해 드릴 수 있습니다.",
    wait=phrases(
        """
        잠시만요, 잠시만, 잠깐만요, 잠깐만, 잠깐, 잠시만 기다려 주세요, 잠깐만 기다려 주세요,
        기다려 주세요, 조금만 기다려 주세요, 기다려 줘, 잠깐만 기다려, 기다리세요, 끊지 마세요,
        끊지 마, 금방 올게요, 곧 돌아올게요, 확인해 볼게요, 찾아볼게요
        """
    ),
    beside=phrases(
        """
        네, 예, 아, 어, 음, 죄송합니다, 죄송해요, 미안해요, 저, 제발
        """
    ),
)
