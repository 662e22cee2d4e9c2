package languagehost

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// awaitEnd returns when the process has ended whose id is in a file. A process that never ends lets the test
// run into its time limit.
func awaitEnd(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		time.Sleep(time.Millisecond)
	}
}
