# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's own modules, compiled once and kept in its environment: nothing may be written in an extension's folder,
and to compile them took each process a quarter of a second."""

import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from threading import Lock

from .. import paths

_OURS = __name__.partition(".")[0] + "."
_settings = Lock()  # held while Python's settings are others


def keep_bytecode() -> None:
    """From now on take what was compiled before, and keep what was not, where Python itself is told to write nothing
    beside the sources and there is an environment that can be written."""
    if sys.dont_write_bytecode and paths.environment().is_dir():
        sys.meta_path.insert(0, _Finder(paths.environment() / "bytecode"))


class _Finder(MetaPathFinder):
    """Finds as Python does, and has our modules loaded by a _Loader."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(self, fullname, path, target=None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname.startswith(_OURS) else None
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(fullname, spec.loader.path, self._folder)
        return spec


class _Loader(SourceFileLoader):
    """Looks for bytecode in a folder; by the source's hash, as an extension that is put in another's place may be of
    the same date."""

    def __init__(self, fullname: str, path: str, folder: Path) -> None:
        super().__init__(fullname, path)
        self._folder = folder

    def get_code(self, fullname):
        with _settings:
            before = sys.pycache_prefix, sys.dont_write_bytecode
            sys.pycache_prefix, sys.dont_write_bytecode = str(self._folder), False
            try:
                kept = Path(cache_from_source(self.path))
                if not kept.exists():
                    self._compile(kept)
                return super().get_code(fullname)
            finally:
                sys.pycache_prefix, sys.dont_write_bytecode = before

    def _compile(self, kept):
        import py_compile

        by_hash = py_compile.PycInvalidationMode.CHECKED_HASH
        with suppress(OSError, py_compile.PyCompileError):  # of which the latter is raised as the module is loaded
            py_compile.compile(self.path, str(kept), doraise=True, invalidation_mode=by_hash)
