"""Word's .docx, by mammoth: its styles of headings, lists and tables."""

import io
import zipfile

from agent.documents.formats import html_page
from agent.documents.formats.parsed import Parsed, Unreadable

_OLD = b"\xd0\xcf\x11\xe0"
"""The container of .doc, and of a .docx with a password."""
_MAX_UNPACKED = 256 * 2**20


def read(content: bytes, charset: str | None) -> Parsed:
    """Part a document at its headings."""
    import mammoth

    if content.startswith(_OLD):
        raise Unreadable("it is protected by a password, or of the old kind .doc; save it anew")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile:
        raise Unreadable("it is broken, or no Word file") from None
    if unpacked > _MAX_UNPACKED:
        raise Unreadable("it unpacks to more than 256 MB")
    html = mammoth.convert_to_html(
        io.BytesIO(content),
        style_map="p[style-name='Title'] => h1:fresh",
        convert_image=mammoth.images.img_element(lambda image: {}),
    )
    return html_page.read(html.value.encode(), "utf-8")
