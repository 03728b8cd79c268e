"""Files as somebody would send them: good ones, and those that are not what they say."""

import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
PDF = b"%PDF-1.7\n%%EOF\n"


def picture(image_format="PNG", size=(80, 40), mode="RGB", **options):
    buffer = BytesIO()
    Image.new(mode, size, "red").save(buffer, image_format, **options)
    return buffer.getvalue()


def png_declaring(width, height):
    """A well-formed PNG of a few bytes that says it is this large."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def archive(parts):
    """A zip file of these names and contents."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


def open_document(kind="presentation"):
    return archive({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": "<x/>"})


def slides(**more):
    """A PPTX, as little of it as makes one."""
    return archive({"[Content_Types].xml": "<x/>", "ppt/presentation.xml": "<x/>"} | more)


def upload(name, content):
    return SimpleUploadedFile(name, content)
