package osspecific

import (
	"errors"
	"os"
	"syscall"

	exits "github.com/argoproj/argo-workflows/v4/util/errors"
)

// Term asks a process to end.
var Term = syscall.SIGTERM

// CanIgnoreSignal says whether a signal is no business of the command's: it tells of a child of
// ours, or is sent by Go's scheduler to this process itself.
func CanIgnoreSignal(s os.Signal) bool {
	return s == syscall.SIGCHLD || s == syscall.SIGURG
}

// Kill sends a signal to the whole group of a process, or to it alone when it has none.
func Kill(pid int, s syscall.Signal) error {
	group, err := syscall.Getpgid(pid)
	if err != nil {
		return syscall.Kill(pid, s)
	}
	return syscall.Kill(-group, s)
}

// Setpgid has a command lead a group of its own.
func Setpgid(attributes *syscall.SysProcAttr) {
	attributes.Setpgid = true
}

// Wait waits for the end of a process and returns its exit code as an error. Whatever else ends
// meanwhile is reaped: this program is the container's first process, and orphans become its own.
func Wait(process *os.Process) error {
	wanted := process.Pid
	if err := process.Release(); err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return err
		case ended != wanted:
		case status.Signaled():
			return exits.NewExitErr(128 + int(status.Signal()))
		case status.Exited():
			return exits.NewExitErr(status.ExitStatus())
		}
	}
}
