"""A worker's place before other processes, and its garbage collector."""

import resource
import subprocess
import sys
from pathlib import Path

CAP_SYS_NICE = 23
PROGRAM = """
import gc, os, threading
from media.worker import pace
pace.keep_time()
found = []
thread = threading.Thread(target=lambda: found.append(os.getpriority(os.PRIO_PROCESS, 0)))
thread.start(); thread.join()
print(os.getpriority(os.PRIO_PROCESS, 0), found[0], gc.get_freeze_count() > 1000, gc.isenabled())
"""


def test_all_threads_of_a_worker_come_before_others_where_it_may() -> None:
    status = Path("/proc/self/status").read_text()
    may = int(status.partition("CapEff:")[2].split()[0], 16) >> CAP_SYS_NICE & 1
    limit = resource.getrlimit(resource.RLIMIT_NICE)[0]
    may |= limit == resource.RLIM_INFINITY or 20 - limit <= -10
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    own, of_a_later_thread, frozen, collecting = told.split()
    assert own == of_a_later_thread
    assert (int(own) == -10) == bool(may)
    assert (frozen, collecting) == ("True", "True")
