"""What the README shows works as it stands, in two programs."""

import re
import socket
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_the_receiver_takes_what_the_sender_sends(tmp_path: Path) -> None:
    """In another process, with nothing but the standard library, and in few lines."""
    receiver, sender = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "insight_sessions" not in receiver
    assert len([line for line in receiver.splitlines() if line.strip()]) <= 15
    port = str(free_port())
    assert receiver.count("8000") == sender.count("8000") == 1
    listening = tmp_path / "receiver.py"
    listening.write_text(receiver.replace("8000", port), encoding="utf-8")
    sending = tmp_path / "sender.py"
    sending.write_text(sender.replace("8000", port), encoding="utf-8")
    with subprocess.Popen([sys.executable, "-u", str(listening)], stdout=subprocess.PIPE, text=True) as server:
        try:
            sent = ""
            for _ in range(100):  # until it listens
                sent = subprocess.run([sys.executable, str(sending)], capture_output=True, text=True, check=True).stdout
                if "sent=1" in sent:
                    break
            assert sent == "Deliveries(sent=1, failed=0, dead=0, superseded=0)\n"
            assert server.stdout is not None
            assert '"type":"project_announced"' in server.stdout.readline()
        finally:
            server.kill()
