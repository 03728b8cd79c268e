"""An SMTP server that keeps nothing but the Message-ID of each message, one a line in a file.

python -m bench.sink PORT FILE
"""

import sys
import time
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Sink:
    def __init__(self, path: Path) -> None:
        self.file = path.open("a", buffering=1)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.file.write(BytesHeaderParser().parsebytes(envelope.content)["Message-ID"] + "\n")
        return "250 OK"


if __name__ == "__main__":
    Controller(Sink(Path(sys.argv[2])), hostname="127.0.0.1", port=int(sys.argv[1])).start()
    while True:
        time.sleep(60)
