package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test's own program stands in for two others, by the name that it is called by: for this command, so that a test
// meets it as a user does, and for a docker that answers as it is told, where a test wants to say what an engine does.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "try-image":
		main()
	case "docker":
		os.Exit(scriptedDocker(os.Args[1:]))
	default:
		code := m.Run()
		for _, end := range slices.Backward(ending) {
			end()
		}
		os.Exit(code)
	}
}

// scriptVariable names the folder in which the scripted docker finds its answers and records its calls.
const scriptVariable = "SCRIPTED_DOCKER"

// answer is what the scripted docker says to one kind of call.
type answer struct {
	Stdout, Stderr string
	Exit           int
	// Until is a file; the answer waits until it is there.
	Until string
}

// says is a successful answer.
func says(format string, values ...any) answer { return answer{Stdout: fmt.Sprintf(format, values...)} }

// fails is an answer with an error.
func fails(exit int, format string, values ...any) answer {
	return answer{Stderr: fmt.Sprintf(format, values...), Exit: exit}
}

// script holds the answers by kind of call, in order; the last one repeats. See kindOf.
type script map[string][]answer

// but is the script with other answers to one kind of call.
func (s script) but(kind string, answers ...answer) script {
	changed := script{kind: answers}
	for each, otherwise := range s {
		if each != kind {
			changed[each] = otherwise
		}
	}
	return changed
}

// call is a recorded call of the scripted docker.
type call struct {
	Arguments   []string
	Environment []string
}

// kindOf is the verb of a call, and for a verb with several uses what tells them apart.
func kindOf(arguments []string) string {
	kind, words := arguments[0], " "+strings.Join(arguments, " ")+" "
	switch {
	case kind == "image" && strings.Contains(words, " --platform "):
		return "image for platform"
	case kind == "exec" && strings.Contains(words, " cat "):
		return "exec cat"
	case kind == "logs" && strings.Contains(words, " --follow "):
		return "logs follow"
	}
	return kind
}

// scriptedDocker is the scripted docker from start to end, and returns its exit code.
func scriptedDocker(arguments []string) int {
	folder, kind := os.Getenv(scriptVariable), kindOf(arguments)
	record, err := json.Marshal(call{arguments, os.Environ()})
	if err != nil {
		panic(err)
	}
	number := len(recorded(folder, kind))
	appendLine(filepath.Join(folder, kind+".calls"), string(record))
	text, err := os.ReadFile(filepath.Join(folder, "script"))
	if err != nil {
		panic(err)
	}
	var play script
	if err := json.Unmarshal(text, &play); err != nil {
		panic(err)
	}
	answers := play[kind]
	if len(answers) == 0 {
		appendLine(filepath.Join(folder, "unanswered"), kind)
		return 97
	}
	given := answers[min(number, len(answers)-1)]
	for given.Until != "" {
		if _, err := os.Stat(filepath.Join(folder, given.Until)); err == nil {
			break
		}
		if os.Getppid() == 1 {
			return 1
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Print(given.Stdout)
	fmt.Fprint(os.Stderr, given.Stderr)
	appendLine(filepath.Join(folder, kind+".answers"), "")
	return given.Exit
}

// recorded are the calls of a kind so far.
func recorded(folder, kind string) []call {
	text, err := os.ReadFile(filepath.Join(folder, kind+".calls"))
	if err != nil {
		return nil
	}
	var calls []call
	for line := range strings.Lines(string(text)) {
		var each call
		if err := json.Unmarshal([]byte(line), &each); err != nil {
			panic(err)
		}
		calls = append(calls, each)
	}
	return calls
}

func appendLine(path, line string) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, line); err != nil {
		panic(err)
	}
}
