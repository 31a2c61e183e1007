"""References to secrets: ``${NAME}`` anywhere in a text, ``file:/path`` as a whole text. Nothing else is expanded."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ReferenceFaultError", "References"]

SECRET_FILE_BYTES_MAX = 64 * 1024
_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_BARE = re.compile(r"(?<![$\w])\$([A-Za-z_]\w*)")
_FILE = "file:"


class ReferenceFaultError(ValueError):
    """A reference leads nowhere; `hint` says what to do. Neither holds the value."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class References:
    """Resolves references, and remembers what came out of them: `secrets`, and the `files` that were read."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        """`folder`: where relative paths begin, the folder of the configuration file."""
        self._environ = environ
        self._folder = folder
        self.secrets: set[str] = set()
        self.files: set[Path] = set()
        self._read_before: dict[Path, str] = {}

    @staticmethod
    def present_in(text: str) -> bool:
        """Whether the text refers to anything."""
        return text.startswith(_FILE) or "${" in text

    def bare_in(self, text: str) -> list[str]:
        """Variables that are set and that the text names as a shell would, ``$NAME``: it is sent as it stands."""
        return [name for name in _BARE.findall(text) if name in self._environ]

    def resolve(self, text: str) -> str:
        """The text with its references replaced; ``$${`` stands for ``${``. Raises ReferenceFaultError."""
        if not text.startswith(_FILE):
            return self._expand(text, secret=True)
        value = self._read(self._expand(text.removeprefix(_FILE), secret=False))
        self.secrets.add(value)
        return value

    def _expand(self, text: str, *, secret: bool) -> str:
        def replaced(match: re.Match[str]) -> str:
            value = self._variable(match.group(1))
            if secret:
                self.secrets.add(value)
            return value

        # Split at the escapes first, so that "$${X}" stays as it is.
        parts = text.split("$${")
        names = [name for part in parts for name in _REFERENCE.findall(part)]
        unset = list(dict.fromkeys(n for n in names if _NAME.fullmatch(n) and n not in self._environ))
        if len(unset) > 1:
            said = f"{', '.join(unset[:-1])} and {unset[-1]}"
            what = f"the environment variables {said} are not set"
            raise ReferenceFaultError(what, f"set them, as in `export {unset[0]}=...`")
        if any("${" in _REFERENCE.sub("", part) for part in parts):
            raise ReferenceFaultError("holds a ${ that is not closed", "write $${ for a literal ${")
        return "${".join(_REFERENCE.sub(replaced, part) for part in parts)

    def _variable(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ReferenceFaultError(
                "holds a ${...} that names no environment variable",
                "a name has letters, digits and underscores; write $${ for a literal ${",
            )
        value = self._environ.get(name)
        if value is None:
            raise ReferenceFaultError(
                f"the environment variable {name} is not set", f"set it, as in `export {name}=...`"
            )
        if not value:
            raise ReferenceFaultError(f"the environment variable {name} is empty", "give it a value")
        return value

    def _read(self, name: str) -> str:
        path = self._folder / ("/" + name.lstrip("/") if name.startswith("/") else name)
        if path in self._read_before:  # one load sees one content, however often it is asked for
            return self._read_before[path]
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):
                raise ReferenceFaultError("the secret's path is not a regular file")
            if state.st_mode & stat.S_IROTH:
                raise ReferenceFaultError("the secret's file can be read by everyone", "chmod o-rwx it, best to 0400")
            if state.st_size > SECRET_FILE_BYTES_MAX:
                raise ReferenceFaultError(f"the secret's file has more than {SECRET_FILE_BYTES_MAX // 1024} KiB")
            value = path.read_bytes()[:SECRET_FILE_BYTES_MAX].decode("utf-8").rstrip("\r\n")
        except FileNotFoundError:
            raise ReferenceFaultError("the secret's file does not exist", "relative paths begin at this file") from None
        except UnicodeDecodeError:
            raise ReferenceFaultError("the secret's file is not UTF-8 text") from None
        except (OSError, ValueError) as error:
            if isinstance(error, ReferenceFaultError):
                raise
            raise ReferenceFaultError(f"the secret's file cannot be read ({type(error).__name__})") from None
        if not value:
            raise ReferenceFaultError("the secret's file is empty")
        self.files.add(path)
        self._read_before[path] = value
        return value
