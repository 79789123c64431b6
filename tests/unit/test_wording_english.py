"""English figures and signs as a person says them."""

import pytest

from agent.wording.reader import Reader

MONEY = [
    ("That is $20.", "That is twenty dollars."),
    ("It costs $1.", "It costs one dollar."),
    ("It costs $49.95 in all.", "It costs forty-nine dollars and ninety-five cents in all."),
    ("Only $0.99!", "Only ninety-nine cents!"),
    ("$20.00 each", "twenty dollars each"),
    ("€1,500 and 300€", "one thousand five hundred euros and three hundred euros"),
    ("£12 a week", "twelve pounds a week"),
    ("£1.50 or £0.01", "one pound and fifty pence or one penny"),
    ("¥5000", "five thousand yen"),
    ("$5M, $1.2 million", "five million dollars, one point two million dollars"),
    ("$50-60 or $50 - $60", "fifty to sixty dollars or fifty to sixty dollars"),
    ("It is $5/month.", "It is five dollars per month."),
    ("100 USD", "one hundred dollars"),
    ("a loss of -$5", "a loss of minus five dollars"),
]
TIMES = [
    ("We open at 8:00.", "We open at eight o'clock."),
    ("at 8:00 am", "at eight AM"),
    ("at 10:30 pm.", "at ten thirty PM."),
    ("We close at 5 p.m.", "We close at five PM."),
    ("at 10:30 a.m. on Monday", "at ten thirty AM on Monday"),
    ("at 8:05", "at eight oh five"),
    ("at 20:15 or 00:30", "at eight fifteen PM or twelve thirty AM"),
    ("9:00-17:00", "nine o'clock to five PM"),
    ("24/7 service", "twenty-four seven service"),
]
DATES = [
    ("On 3/4/2025 it is.", "On March fourth, twenty twenty-five it is."),
    ("On 13/4/2025 too.", "On April thirteenth, twenty twenty-five too."),
    ("2025-03-04", "March fourth, twenty twenty-five"),
    ("on May 5, 2024", "on May fifth, twenty twenty-four"),
    ("on 5 May 2024", "on May fifth, twenty twenty-four"),
    ("Since Jan. 1st", "Since January first"),
    ("in 1999 and in 2025", "in nineteen ninety-nine and in twenty twenty-five"),
    ("in May 2005", "in May two thousand five"),
    ("from 1914–1918", "from nineteen fourteen to nineteen eighteen"),
    ("the 1990s or '80s", "the nineteen nineties or eighties"),
]
NUMBERS = [
    ("1,234,000 people", "one million two hundred thirty-four thousand people"),
    ("I have 3. You have 12.", "I have three. You have twelve."),
    ("Pi is 3.14, half is .5", "Pi is three point one four, half is point five"),
    ("-5 and −3", "minus five and minus three"),
    ("50 - 60 people, 5–10 days", "fifty to sixty people, five to ten days"),
    ("5 - 3 = 2", "five minus three equals two"),
    ("about ~20 of them", "about about twenty of them"),
    ("agent 007", "agent zero zero seven"),
    ("the 1st, 2nd, 3rd and 21st", "the first, second, third and twenty-first"),
    ("1/2 cup, 3/4 of it, 2/3", "one half cup, three quarters of it, two thirds"),
    ("a 10/10", "a ten out of ten"),
    ("Version 1.8.9 or v2.0.1", "Version one point eight point nine or two point zero point one"),
    ("No. 5 and #1", "number five and number one"),
    ("World War II", "World War two"),
    ("Henry VIII and Chapter IV", "Henry the eighth and Chapter four"),
    ("10x faster, 2x4, 1920 x 1080", "ten times faster, two times four, one thousand nine hundred "
     "twenty times one thousand eighty"),
    ("ISBN 978-3-16-14-0", "ISBN nine seven eight, three, one six, one four, zero"),
    ("€20 per person", "twenty euros per person"),
    ("50/50, Wi-Fi 6E, 5 km away", "fifty fifty, Wi-Fi 6E, five kilometers away"),
    ("score 3:1", "score three to one"),
    ("Call 555-123-4567.", "Call five five five, one two three, four five six seven."),
    ("+1 (555) 010-9999", "plus one, five five five, zero one zero, nine nine nine nine"),
    ("GPT-4, A4 and B2B", "GPT-four, A4 and B2B"),
    ("192.168.0.1", "one hundred ninety-two dot one hundred sixty-eight dot zero dot one"),
    ("1111111111111111", "one one one one, one one one one, one one one one, one one one one"),
    ("Order 12345678.", "Order one two three four, five six seven eight."),
    ("Customer 4827193", "Customer four eight two, seven one nine three"),
    ("+493012345678", "plus four nine three zero, one two three four, five six seven eight"),
    ("Card 4111 1111 2222 3333", "Card four one one one, one one one one, two two two two, "
     "three three three three"),
    ("00481516", "zero zero four eight, one five one six"),
    ("12000000 people", "twelve million people"),
    ("1234567 km", "one million two hundred thirty-four thousand five hundred sixty-seven "
     "kilometers"),
]  # fmt: skip
UNITS = [
    ("50 % or 50%", "fifty percent or fifty percent"),
    ("10% - 20%", "ten to twenty percent"),
    ("5 °C, -3°C", "five degrees Celsius, minus three degrees Celsius"),
    ("90 km/h and 60 mph", "ninety kilometers per hour and sixty miles per hour"),
    ("16 GB, 1 kg, 2.5 kg", "sixteen gigabytes, one kilogram, two point five kilograms"),
    ("5-10 kg", "five to ten kilograms"),
    ("200 m²", "two hundred square meters"),
    ("a 90° turn", "a ninety degrees turn"),
    ("30 min, 5 s and 200 ms", "thirty minutes, five seconds and two hundred milliseconds"),
]
SIGNS = [
    ("5 ± 2, 3 × 4 = 12", "five plus or minus two, three times four equals twelve"),
    ("2 * 3 + 4", "two times three plus four"),
    ("salt & pepper", "salt and pepper"),
    ("@anna, meet @ noon", "at anna, meet at noon"),
    ("A → B, x -> y", "A to B, x to y"),
    ("< 5 min, >= 3 or ≤ 7", "less than five minutes, at least three or at most seven"),
    ("e.g. this, i.e. that, etc.", "for example this, that is that, et cetera."),
    ("E.g. Dr. Jones, 5 Main Dr.", "for example Doctor Jones, five Main Dr."),
    ("Cats vs. dogs w/o fleas", "Cats versus dogs without fleas"),
    ("and/or, his/her", "and or, his her"),
    ("snake_case_name", "snake case name"),
    ("C++ and C#", "C++ and C sharp"),
    ("See [1] and the note [^2].", "See and the note."),
    ("[[həˈloʊ]] there", "həˈloʊ there"),
    ("Hello 😀 there 👍🏽!", "Hello there!"),
    ("(laughs) Well (a bit)", "Well (a bit)"),
    ("• one ✓ ★", "one"),
]
ADDRESSES = [
    ("See https://www.example.com/a_b?c=1.", "See example dot com."),
    ("See www.example.co.uk, please.", "See example dot co dot uk, please."),
    ("at example.com/help now", "at example dot com now"),
    ("Open http://127.0.0.1:8100/ now", "Open a link now"),
    ("Write to john.doe@example.com.", "Write to john dot doe at example dot com."),
    ("Edit livekit.yaml and app.py.", "Edit livekit dot yaml and app dot py."),
]
FORMULAS = [
    ("$x^2 + 1$ is", "x squared plus one is"),
    ("that costs $x$ dollars", "that costs x dollars"),
    ("x^2 + 2x + 1 = 0", "x squared plus 2x plus one equals zero"),
    ("x² + y³", "x squared plus y cubed"),
]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [*MONEY, *TIMES, *DATES, *NUMBERS, *UNITS, *SIGNS, *ADDRESSES, *FORMULAS],
)
def test_it_is_said_as_a_person_says_it(written: str, spoken: str) -> None:
    reader = Reader("en-US")
    assert reader.say(written) == spoken
    assert "".join(part.written for part in reader.read(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "Hello there. How can I help?",
        "It's a well-known fact, isn't it?",
        "“Stop!” he said (quietly) – and left.",
        "The IV drip, an XL shirt, and I.",
        "Wait... what? No; that's all!",
    ],
)
def test_words_are_left_as_they_are(text: str) -> None:
    assert Reader("en").say(text) == text
