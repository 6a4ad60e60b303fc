"""What a file may claim at most. Limits are checked before anything is inflated, decoded or allocated."""

from __future__ import annotations

MAX_FILE_BYTES = 8 << 30
MAX_HEADER_BYTES = 64 << 20
MAX_ELEMENTS = 100_000
MAX_SEQUENCE_DEPTH = 64
MAX_SIDE_PIXELS = 16_384
MAX_FRAMES = 20_000
MAX_VOLUME_VOXELS = 1 << 30
MAX_FILES = 100_000
MAX_FOLDER_DEPTH = 32
MAX_LABEL_BYTES = 1 << 30
MAX_BYTES_PER_COMPRESSED_BYTE = 4096
"""Large pictures with noise are never packed tighter than this; bombs are."""
