"""Out of the box. An answer is right if it gets there, so points tell; without a box it does."""

ATTACKS = {
    "starts a program": "import subprocess\nreturn subprocess.run(['/bin/true']).returncode == 0",
    "starts a shell": "return os.system('true') == 0",
    "forks": "pid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)\nreturn True",
    "spawns": "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\nreturn True",
    "memory without a name": "os.close(os.memfd_create('x'))\nreturn True",
    "a segment of System V": "import ctypes\nlibc = ctypes.CDLL(None)\nn = libc.shmget(0, 4096, 0o1600)\n"
    "if n >= 0: libc.shmctl(n, 0, None)\nreturn n >= 0",
    "a queue of System V": "import ctypes\nlibc = ctypes.CDLL(None)\nn = libc.msgget(0, 0o1600)\n"
    "if n >= 0: libc.msgctl(n, 0, None)\nreturn n >= 0",
    "a socket of the virtual machine": "socket.socket(40, socket.SOCK_STREAM).close()\nreturn True",
    "a socket of the kernel": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()\nreturn True",
    "a new namespace": "import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000) == 0",
    "traces itself": "import ctypes\nreturn ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
    "lists other processes": "return sum(p.isdigit() for p in os.listdir('/proc')) > 3",
    "reads the password file": "return bool(open('/etc/passwd').read())",
    "reads what was installed by hand": "return any(os.scandir('/usr/local'))",
    "writes next to the interpreter": "import sys\nopen(sys.prefix + '/attncourse-x', 'w').close()\n"
    "os.unlink(sys.prefix + '/attncourse-x')\nreturn True",
    "writes a megabyte to shared memory": "p = f'/dev/shm/a{os.getpid()}'\nopen(p, 'wb').write(b'x')\n"
    "os.unlink(p)\nreturn True",
    "writes beyond its disk": "p = f'/tmp/attncourse-{os.getpid()}'\ntry:\n"
    "    for i in range(3): open(f'{p}{i}', 'wb').write(bytes(40 << 20))\n    return True\n"
    "finally:\n    [os.unlink(f'{p}{i}') for i in range(3) if os.path.exists(f'{p}{i}')]",
    "knows the machine's name": "return os.uname().nodename not in ('box', '')",
    "opens five hundred files": "held = [os.open('/dev/null', 0) for _ in range(500)]\n"
    "[os.close(f) for f in held]\nreturn True",
}
