#!/usr/bin/env python3
"""Makes ntfs.img.gz and ntfs.txt: a volume of what mkntfs and ntfscp alone cannot write.

Needs root, /dev/fuse and ntfs-3g; run it in this directory. The manifest holds for each entry: path, kind
(f, d, l), size, and the SHA-256 of the content, or the target of a link; a backslash begins an escape.
"""
import gzip, hashlib, os, random, struct, subprocess, sys, tempfile

random.seed(7)
work = tempfile.mkdtemp()
image, mount = work + "/image", work + "/mount"
manifest = []


def entry(path, kind, content=b""):
    if kind == "f":
        manifest.append((path, kind, len(content), hashlib.sha256(content).hexdigest()))
    else:
        manifest.append((path, kind, 0, content.decode()))


def write(path, content, stream=None):
    if stream:
        os.setxattr(mount + path, "user." + stream, content)
        entry(path + ":" + stream, "f", content)
    else:
        with open(mount + path, "wb") as file:
            file.write(content)
        entry(path, "f", content)


def directory(path):
    os.mkdir(mount + path)
    entry(path, "d")


def reparse(path, tag, data):
    value = struct.pack("<IHH", tag, len(data), 0) + data
    os.setxattr(mount + path, "system.ntfs_reparse_data", value)


def link(path, tag, target, shown, flags):
    target, shown = target.encode("utf-16-le"), shown.encode("utf-16-le")
    head = struct.pack("<HHHH", 0, len(target), len(target) + 2, len(shown))
    reparse(path, tag, head + flags + target + b"\0\0" + shown + b"\0\0")


def xpress(text):
    """Text of 16 letters, as XPRESS Huffman without repetitions: each letter is a code of 4 bits."""
    letters = sorted(set(text))
    assert len(letters) == 16
    lengths = bytearray(256)
    for letter in letters:
        lengths[letter // 2] |= 4 << (letter % 2 * 4)
    bits = "".join(format(letters.index(letter), "04b") for letter in text)
    bits += "0" * (-len(bits) % 16) + "0" * 16
    words = [int(bits[at : at + 16], 2) for at in range(0, len(bits), 16)]
    return bytes(lengths) + b"".join(struct.pack("<H", word) for word in words)


def wof(path, text, algorithm, chunk):
    write(path, text)
    with open(mount + path, "r+b") as file:
        file.truncate(0)
        file.truncate(len(text))
    pieces = [xpress(text[at : at + chunk]) for at in range(0, len(text), chunk)]
    ends = [sum(map(len, pieces[: number + 1])) for number in range(len(pieces) - 1)]
    packed = b"".join(struct.pack("<I", end) for end in ends) + b"".join(pieces)
    os.setxattr(mount + path, "user.WofCompressedData", packed)
    reparse(path, 0x80000017, struct.pack("<IIII", 1, 2, 1, algorithm))


subprocess.run(["truncate", "-s", "6M", image], check=True)
subprocess.run(["mkntfs", "-F", "-q", "-c", "1024", "-L", "Größe", image], check=True, stderr=subprocess.DEVNULL)
os.mkdir(mount)
subprocess.run(["ntfs-3g", "-o", "streams_interface=xattr,compression", image, mount], check=True)

directory("/Windows")
directory("/Windows/System32")
directory("/Windows/System32/config")
write("/Windows/System32/config/SAM", b"regf" + bytes(508))
directory("/Users")
directory("/Users/Administrator")
write("/Users/Administrator/note.txt", b"visible\r\n")
write("/Users/Administrator/note.txt", b"[ZoneTransfer]\r\nZoneId=3\r\n", "Zone.Identifier")
write("/Users/Administrator/note.txt", random.randbytes(5000), "large")
write("/Users/Administrator", b"hung on a directory", "of a directory")
os.setxattr(mount, "user.of the root", b"hung on the root")
entry("/:of the root", "f", b"hung on the root")

directory("/packed")
os.setxattr(mount + "/packed", "system.ntfs_attrib", struct.pack("<I", 0x810))
write("/packed/text", b"".join(b"line %d of a log\n" % number for number in range(20000)))
write("/packed/random", random.randbytes(70000))
write("/packed/zeros", bytes(300000))
write("/packed/mixed", b"a" * 70000 + random.randbytes(70000) + bytes(140000) + b"the end")
write("/packed/tiny", b"x")
directory("/wof")
wof("/wof/4k", b"".join(b"%08x" % random.getrandbits(32) for _ in range(1100)), 0, 4096)
wof("/wof/16k", b"".join(b"%08x" % random.getrandbits(32) for _ in range(4300)), 3, 16384)

with open(mount + "/sparse", "wb") as file:
    for number in range(1, 8):
        file.seek(number * 1000003)
        file.write(b"data")
    file.truncate(9000000)
with open(mount + "/sparse", "rb") as file:
    entry("/sparse", "f", file.read())
write("/linked", b"one content")
for number in range(30):
    name = "/linked under a rather long name, number %d" % number
    os.link(mount + "/linked", mount + name)
    entry(name, "f", b"one content")
for name in ["größe 日本 😀", "trailing.", "A", "a", "back\\slash", 'q?*"<>|:', "n" * 255]:
    write("/" + name, name.encode())
directory("/many")
for number in range(300):
    write("/many/entry number %d" % number, b"%d" % number)
turns = [open(mount + "/turn%d" % number, "wb", buffering=0) for number in range(3)]
contents = [b""] * 3
for _ in range(30):
    for number, file in enumerate(turns):
        piece = bytes([random.randrange(256)]) * 1500
        file.write(piece)
        os.fsync(file.fileno())
        contents[number] += piece
for number, file in enumerate(turns):
    file.close()
    entry("/turn%d" % number, "f", contents[number])

os.symlink("linked", mount + "/interix")
entry("/interix", "l", b"linked")
for path, tag, target, shown, flags, seen in [
    ("/junction", 0xA0000003, r"\??\C:\Users", r"C:\Users", b"", b"/Users"),
    ("/other drive", 0xA0000003, r"\??\D:\x", r"D:\x", b"", b"/D:/x"),
    ("/relative", 0xA000000C, r"Users\Administrator", r"Users\Administrator", b"\1\0\0\0", b"Users/Administrator"),
]:
    os.mkdir(mount + path)
    link(path, tag, target, shown, flags)
    entry(path, "l", seen)
open(mount + "/elsewhere", "wb").write(b"stub")
reparse("/elsewhere", 0x80000013, bytes(16))
entry("/elsewhere", "f", b"stub")

subprocess.run(["umount", mount], check=True)
with open(image, "rb") as file, gzip.GzipFile("ntfs.img.gz", "wb", 9, mtime=0) as packed:
    packed.write(file.read())
with open("ntfs.txt", "w") as file:
    for path, kind, size, content in sorted(manifest):
        file.write("%s\t%s\t%d\t%s\n" % (path.replace("\\", "\\\\"), kind, size, content))
