"""Finds out whether a file is on a file system that several machines share.

The locks of such file systems do not keep two machines apart reliably, and SQLite files on them get damaged
(https://sqlite.org/faq.html#q5).
"""

from __future__ import annotations

import re
from pathlib import Path

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda"),
        *("ceph", "glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "pvfs2", "gfs2", "ocfs2"),
    }
)
#: File systems in user space, ``fuse.NAME`` or ``fuseblk.NAME``.
_NETWORK_IN_USER_SPACE = frozenset(
    {
        *("sshfs", "glusterfs", "ceph", "ceph-fuse", "juicefs", "seaweedfs", "moosefs", "mfs", "nfs", "smbnetfs"),
        *("s3fs", "goofys", "mount-s3", "gcsfuse", "blobfuse", "blobfuse2", "rclone", "davfs", "davfs2", "curlftpfs"),
    }
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


def network_file_system(path: Path, mounts: str) -> str | None:
    """Return the type of the network file system that ``path`` is on, or None.

    ``mounts`` is the text of ``/proc/self/mountinfo`` (man page ``proc_pid_mountinfo``). ``path`` has no symbolic links.
    """
    kinds: dict[Path, str] = {}
    for line in mounts.splitlines():
        # id, parent, device, root, mount point, options, optional fields, "-", type, source, options
        fields = line.split(" ")
        if "-" in fields[6:-1]:
            # Of several on the same mount point, the last one is seen.
            kinds[Path(_unescape(fields[4]))] = fields[fields.index("-", 6) + 1]
    kind = next((kinds[parent] for parent in (path, *path.parents) if parent in kinds), "")
    in_user_space = kind.partition(".")[2] if kind.startswith("fuse") else ""
    return kind if kind in _NETWORK or in_user_space in _NETWORK_IN_USER_SPACE else None


def read_mounts() -> str:
    """Return the mounts that this process sees; nothing where the system does not tell."""
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # not Linux
        return ""


def _unescape(text: str) -> str:
    """A blank, tab, line break or backslash in a path is written ``\\040`` and so on."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), text)
