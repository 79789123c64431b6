"""Chinese figures and signs as a person says them."""

import pytest

from agent.wording.reader import Reader

CASES = [
    ("一共$20。", "一共二十美元。"),
    ("价格是¥49.95。", "价格是四十九点九五元。"),
    ("大约€1,500左右", "大约一千五百欧元左右"),
    ("一共100元", "一共一百元"),
    ("他赚了$5万", "他赚了五万美元"),
    ("时间是8:00。", "时间是八点。"),
    ("会议在10:30开始", "会议在十点三十分开始"),
    ("下午3:05", "下午三点零五分"),
    ("凌晨2:00", "凌晨两点"),
    ("2025年3月4日", "二零二五年三月四日"),
    ("2025-03-04", "二零二五年三月四日"),
    ("今天5 °C", "今天五摄氏度"),
    ("夜里-5℃", "夜里零下五摄氏度"),
    ("大约50%的人", "大约百分之五十的人"),
    ("增长10%-20%", "增长百分之十到百分之二十"),
    ("时速90 km/h", "时速九十公里每小时"),
    ("重5kg，长2米", "重五公斤，长两米"),
    ("2个苹果和12个梨", "两个苹果和十二个梨"),
    ("第2名", "第二名"),
    ("5-10公里", "五到十公里"),
    ("占3/4", "占四分之三"),
    ("用 Python 3.11 写的", "用 Python 三点一一 写的"),
    ("版本1.8.9", "版本一点八点九"),
    ("电话13812345678", "电话一三八一二三四五六七八"),
    ("一共有1，000封信", "一共有一千封信"),
    ("共2000人", "共两千人"),
    ("大约101天", "大约一百零一天"),
    ("15分钟", "十五分钟"),
    ("3 × 4 = 12", "三 乘 四 等于 十二"),
    ("请看https://www.example.com/a的说明", "请看example 点 com的说明"),
    ("写信到a@example.com", "写信到a 艾特 example 点 com"),
    ("很好😀！", "很好！"),
    ("（笑）你好", "你好"),
    ("~20人", "大约二十人"),
]


@pytest.mark.parametrize(("written", "spoken"), CASES)
def test_it_is_said_as_a_person_says_it(written: str, spoken: str) -> None:
    reader = Reader("zh-CN")
    assert reader.say(written) == spoken
    assert "".join(part.written for part in reader.read(written)) == written
