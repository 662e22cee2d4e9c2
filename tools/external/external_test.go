package external

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestTheErrorIsTheEndOfWhatTheProgramSaid(t *testing.T) {
	for script, want := range map[string]string{
		"for each in 1 2 3 4 5 6; do echo $each >&2; done; exit 1": "2\n3\n4\n5\n6",
		"exit 3": "exit status 3",
	} {
		if output, err := Output(t.Context(), "sh", "-c", script); err == nil || err.Error() != want || output != nil {
			t.Errorf("%s: %q, %v", script, output, err)
		}
	}
	if _, err := Output(t.Context(), "no-such-program"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("got %v", err)
	}
}

// What the program left running holds its output open.
func TestOutputDoesNotWaitForWhatAProgramLeftRunning(t *testing.T) {
	output, err := Output(t.Context(), "sh", "-c", "sleep 1000 & echo $!")
	if err != nil {
		t.Fatal(err)
	}
	left, err := strconv.Atoi(strings.TrimSpace(string(output)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
		t.Errorf("it had ended before: %v", err)
	}
}
