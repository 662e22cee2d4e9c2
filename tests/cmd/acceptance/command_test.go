package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
	output bytes.Buffer
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
	command.Stdout, command.Stderr = &command.output, &command.output
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
		if !strings.Contains(s.output.String(), part) {
			t.Errorf("the output does not have %q:\n%s", part, s.output.String())
		}
	}
}

// account are variables that lead to an emulated AWS account, and to programs that are only there.
func account(t *testing.T) []string {
	t.Helper()
	running, err := emulator.Start(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	tools := t.TempDir()
	for _, name := range []string{"pulumi", "aws"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte("#!/bin/sh\necho called >>"+filepath.Join(tools, "calls")+"\nexit 1\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(tools, "calls")); err == nil {
			t.Error("a program was called although nobody agreed")
		}
	})
	return []string{
		"AWS_ENDPOINT_URL=" + running.URL(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=eu-west-2",
		"PATH=" + tools + ":" + os.Getenv("PATH"),
	}
}

func TestWithoutATerminalAndWithoutYesNothingBegins(t *testing.T) {
	t.Parallel()
	prepare(t, account(t)).ends(t, exitUsage,
		"Account  123456789012", "Region   eu-west-2", "Name     acceptance-", "about 45 minutes", "US cents", "AcceptanceRun",
		" 1. up: deploy everything", "begin with --yes")
}

func TestOnATerminalOnlyYesBegins(t *testing.T) {
	t.Parallel()
	variables := account(t)
	for _, answer := range []string{"no\n", "y\n", "\n", "\x04", "\x03"} {
		command := prepare(t, variables)
		command.onTerminal(t, "Only \"yes\" begins: ", answer)
		command.check(t, exitUsage, "Nothing was created.")
	}
}

// onTerminal runs the command on a terminal to its end, and types an answer once it has printed a prompt.
func (s *started) onTerminal(t *testing.T, prompt, answer string) {
	t.Helper()
	s.Stdout, s.Stderr = nil, nil
	terminal, err := pty.Start(s.Cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	buffer, answered := make([]byte, 1<<12), false
	for err == nil {
		var count int
		count, err = terminal.Read(buffer)
		s.output.Write(buffer[:count])
		if !answered && strings.Contains(s.output.String(), prompt) {
			answered = true
			if _, err := terminal.WriteString(answer); err != nil {
				t.Error(err)
			}
		}
	}
	_ = s.Wait()
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	prepare(t, []string{"PATH=" + empty}).ends(t, exitCannotBegin, "not on PATH: pulumi, aws, go")
	variables := account(t)
	prepare(t, append(variables, "AWS_REGION=")).ends(t, exitCannotBegin, "set AWS_REGION")
	prepare(t, append(variables, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")).ends(t, exitCannotBegin, "log in first")
	prepare(t, nil, "--sandbx").ends(t, exitUsage, "acceptance: unknown flag: --sandbx; see --help")
	prepare(t, nil, "sandbox").ends(t, exitUsage, `unexpected argument "sandbox"; see --help`)
	prepare(t, nil, "--help").ends(t, 0, "Usage: scripts/acceptance", "SOMETHING IS LEFT")
}

func TestTheExitCodeTellsHowTheRunEndedAndAGoodRunKeepsOnlyItsReport(t *testing.T) {
	passed := []StepResult{{Verdict: Passed}, {Verdict: LeftOut}}
	for _, each := range []struct {
		what   string
		result Result
		err    error
		code   int
		keeps  bool
	}{
		{"passed", Result{Steps: passed}, nil, 0, false},
		{"a failed step", Result{Steps: append(passed, StepResult{Verdict: Failed})}, nil, exitFailed, true},
		{"no report", Result{Steps: passed}, errors.New("no space left"), exitFailed, true},
		{"something left", Result{Steps: passed, Remains: true, Interrupted: true}, nil, exitRemains, true},
		{"interrupted", Result{Steps: passed, Interrupted: true}, nil, exitInterrupted, true},
		{"not begun", Result{}, errors.New("no settings"), exitCannotBegin, true},
	} {
		folder := t.TempDir()
		code, remains := command{options: Options{Folder: folder}}.finish(each.result, each.err)
		_, err := os.Stat(folder)
		if code != each.code || remains != (code == exitRemains) || (err == nil) != each.keeps {
			t.Errorf("%s: the code is %d, want %d; something remains: %t; the folder: %v", each.what, code, each.code, remains, err)
		}
	}
}

// TestCtrlCOnATerminalTakesEverythingAway sends what a terminal sends: an interrupt to every process of the group.
func TestCtrlCOnATerminalTakesEverythingAway(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "report.md")
	command := prepare(t, nil, "--sandbox", "--report", report)
	command.onTerminal(t, "[ 1/17]", "\x03")
	command.check(t, exitInterrupted, "Interrupted.", "INTERRUPTED: ", "Nothing of the run is left")
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), ": interrupted\n") {
		t.Errorf("the report is %s (%v)", text, err)
	}
	// A run that did not pass keeps its folder.
	if name := regexp.MustCompile(`acceptance-[a-z2-7]{8}`).FindString(command.output.String()); name != "" {
		_ = os.RemoveAll(filepath.Join(root, ".acceptance", name))
	}
}
