package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"mediaserver/tests/internal/emulator"
)

const root = "../../.."

// TestMain builds the command where it belongs, as scripts/acceptance does.
func TestMain(m *testing.M) {
	build := exec.Command(filepath.Join(root, "scripts", "acceptance"), "--help")
	if output, err := build.CombinedOutput(); err != nil {
		panic(string(output))
	}
	os.Exit(m.Run())
}

// started is the command in an environment of its own.
type started struct {
	*exec.Cmd
	mu     sync.Mutex
	output strings.Builder
}

// Write takes what the command prints.
func (s *started) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.Write(text)
}

// screen is what the command has printed so far.
func (s *started) screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String()
}

// prepare prepares the command with further environment variables.
func prepare(t *testing.T, variables []string, arguments ...string) *started {
	t.Helper()
	binary, err := filepath.Abs(filepath.Join(root, "bin", "acceptance"))
	if err != nil {
		t.Fatal(err)
	}
	command := &started{Cmd: exec.CommandContext(t.Context(), binary, arguments...)}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") {
			command.Env = append(command.Env, entry)
		}
	}
	command.Env = append(append(command.Env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_EC2_METADATA_DISABLED=true"), variables...)
	command.Stdout, command.Stderr = command, command
	return command
}

// ends runs the command to its end, and checks it.
func (s *started) ends(t *testing.T, code int, parts ...string) {
	t.Helper()
	_ = s.Run()
	s.check(t, code, parts...)
}

// check compares the exit code and parts of what the command has printed.
func (s *started) check(t *testing.T, code int, parts ...string) {
	t.Helper()
	if got := s.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, part := range parts {
		if !strings.Contains(s.screen(), part) {
			t.Errorf("the output does not have %q:\n%s", part, s.screen())
		}
	}
}

// account are variables that lead to an emulated AWS account, and to a script in place of pulumi and aws.
func account(t *testing.T, script string) []string {
	t.Helper()
	running, err := emulator.Start(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	tools := t.TempDir()
	for _, name := range []string{"pulumi", "aws"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return []string{
		"AWS_ENDPOINT_URL=" + running.URL(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=eu-west-2",
		"PATH=" + tools + ":" + os.Getenv("PATH"),
	}
}

// nobodyAgreed are variables of an account in which nothing may happen.
func nobodyAgreed(t *testing.T) []string {
	t.Helper()
	called := filepath.Join(t.TempDir(), "called")
	t.Cleanup(func() {
		if _, err := os.Stat(called); err == nil {
			t.Error("a program was called although nobody agreed")
		}
	})
	return account(t, "touch "+called)
}

func TestWithoutATerminalAndWithoutYesNothingBegins(t *testing.T) {
	t.Parallel()
	prepare(t, nobodyAgreed(t)).ends(t, exitUsage,
		"Account  123456789012", "Region   eu-west-2", "Name     acceptance-", "about 45 minutes", "US cents", "AcceptanceRun",
		" 1. up: deploy everything", "begin with --yes")
}

func TestOnATerminalOnlyYesBegins(t *testing.T) {
	t.Parallel()
	variables := nobodyAgreed(t)
	for _, answer := range []string{"no\n", "y\n", "\n", "\x04", "\x03"} {
		command := prepare(t, variables)
		command.onTerminal(t, reply{answer, func() bool { return strings.Contains(command.screen(), `Only "yes" begins: `) }})
		command.check(t, exitUsage, "Nothing was created.")
	}
}

// reply is what somebody types when something is so.
type reply struct {
	text string
	when func() bool
}

// onTerminal runs the command on a terminal to its end, where somebody types the replies.
func (s *started) onTerminal(t *testing.T, replies ...reply) {
	t.Helper()
	s.Stdout, s.Stderr = nil, nil
	terminal, err := pty.Start(s.Cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	go func() {
		for _, each := range replies {
			for !each.when() && t.Context().Err() == nil {
				time.Sleep(10 * time.Millisecond)
			}
			_, _ = terminal.WriteString(each.text)
		}
	}()
	// Reading a terminal that nobody has open any more is an error.
	_, _ = io.Copy(s, terminal)
	_ = s.Wait()
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	prepare(t, []string{"PATH=" + empty}).ends(t, exitCannotBegin, "not on PATH: pulumi, aws, go")
	variables := nobodyAgreed(t)
	prepare(t, append(variables, "AWS_REGION=")).ends(t, exitCannotBegin, "set AWS_REGION")
	prepare(t, append(variables, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")).ends(t, exitCannotBegin, "log in first")
	prepare(t, nil, "--yse").ends(t, exitUsage, "acceptance: unknown flag: --yse; see --help")
	prepare(t, nil, "yes").ends(t, exitUsage, `unexpected argument "yes"; see --help`)
	prepare(t, nil, "--help").ends(t, 0, "Usage: scripts/acceptance", "SOMETHING IS LEFT")
}

func TestTheExitCodeTellsHowTheRunEndedAndAGoodRunKeepsOnlyItsReport(t *testing.T) {
	passed := []stepResult{{Verdict: Passed}}
	for _, each := range []struct {
		what   string
		result Result
		err    error
		code   int
		keeps  bool
	}{
		{"passed", Result{Steps: passed}, nil, 0, false},
		{"a failed step", Result{Steps: append(passed, stepResult{Verdict: Failed})}, nil, exitFailed, true},
		{"no report", Result{Steps: passed}, errors.New("no space left"), exitFailed, true},
		{"something left", Result{Steps: passed, Remains: true, Interrupted: true}, nil, exitRemains, true},
		{"interrupted", Result{Steps: passed, Interrupted: true}, nil, exitInterrupted, true},
		{"not begun", Result{}, errors.New("no settings"), exitCannotBegin, true},
	} {
		folder := t.TempDir()
		code := finish(each.result, each.err, folder)
		if _, err := os.Stat(folder); code != each.code || (err == nil) != each.keeps {
			t.Errorf("%s: the code is %d, want %d; the folder: %v", each.what, code, each.code, err)
		}
	}
}

// slowPulumi notes its calls and its interrupts. An up ends when it is interrupted, a destroy at once or never.
const slowPulumi = `calls=%s
case "$4" in up | destroy) ;; *) exit ;; esac
trap 'echo interrupted $4 >>$calls; [ $4 != up ] || exit 1' INT
echo $4 of $PULUMI_STACK $PULUMI_CONFIG_PASSPHRASE >>$calls
while [ $4 = up ] || %s; do sleep 0.1; done
`

// TestCtrlCOnATerminal types what sends an interrupt to every process of the terminal's group.
func TestCtrlCOnATerminal(t *testing.T) {
	t.Parallel()
	for _, each := range []struct {
		what, destroys string
		interrupted    []string
		code           int
		calls          string
		prints         []string
	}{
		{
			"once", "false", []string{"up of"}, exitInterrupted, "up of NAME\ninterrupted up\ndestroy of NAME\n",
			[]string{"Interrupted.", "INTERRUPTED: ", "Nothing of the run is left"},
		},
		{
			"twice", "true", []string{"up of", "destroy of"}, exitRemains,
			"up of NAME\ninterrupted up\ndestroy of NAME\ninterrupted destroy\n",
			[]string{"SOMETHING IS LEFT", "pulumi destroy --yes --skip-preview", "unset PULUMI_CONFIG_PASSPHRASE\r\n"},
		},
	} {
		t.Run(each.what, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			report, notes := filepath.Join(folder, "report.md"), filepath.Join(folder, "calls")
			calls := func() string {
				text, _ := os.ReadFile(notes)
				return string(text)
			}
			variables := account(t, fmt.Sprintf(slowPulumi, notes, each.destroys))
			command := prepare(t, append(variables, "PULUMI_STACK=another", "PULUMI_CONFIG_PASSPHRASE=anothers"), "--yes", "--report", report)
			var replies []reply
			for _, call := range each.interrupted {
				replies = append(replies, reply{"\x03", func() bool { return strings.Contains(calls(), call) }})
			}
			command.onTerminal(t, replies...)
			command.check(t, each.code, each.prints...)
			name := regexp.MustCompile(`acceptance-[a-z2-7]{8}`).FindString(command.screen())
			// A run that did not pass keeps its folder.
			if err := os.RemoveAll(filepath.Join(root, ".acceptance", name)); err != nil || name == "" {
				t.Errorf("the folder of %q: %v", name, err)
			}
			if got := strings.ReplaceAll(calls(), name, "NAME"); got != each.calls {
				t.Errorf("the calls are\n%s, want\n%s", got, each.calls)
			}
			if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), ": interrupted\n") {
				t.Errorf("the report is %s (%v)", text, err)
			}
		})
	}
}
