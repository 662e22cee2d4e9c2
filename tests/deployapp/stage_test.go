package deployapp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mediaserver/tests/internal/jq"
)

// answer is what a stand-in says to one call.
type answer struct {
	stdout string
	stderr string
	exit   int
	signal string // sent to the program itself before it answers, if not empty
	hangs  bool   // it never answers
}

// says is a successful answer with the JSON of value, or value itself if it is a string.
func says(value any) answer {
	if text, ok := value.(string); ok {
		return answer{stdout: text}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return answer{stdout: string(encoded)}
}

// refuses is the AWS CLI's answer to an error of the API.
func refuses(code, message string) answer {
	return answer{
		stderr: fmt.Sprintf("\nAn error occurred (%s) when calling the operation: %s\n", code, message),
		exit:   254,
	}
}

// stage holds what each kind of call is answered, in order; the last answer repeats.
// A kind is the program's name and its verbs, joined by underscores, as the stand-in has it.
type stage map[string][]answer

// performance is what one run of the script did.
type performance struct {
	code        int
	output      string // standard output and standard error, as they came
	calls       []string
	loginStdin  string
	addressRead string   // what curl read as its configuration
	environment string   // AWS_PAGER, AWS_RETRY_MODE and AWS_MAX_ATTEMPTS of the last call, a line each
	jqArguments []string // of each call of jq, with everyJQ
	registered  string   // the task definition that it registered, empty if none
}

// systemTools are the programs besides the stand-ins that the script may use. Its PATH
// holds nothing else, so a further dependency cannot slip in.
var systemTools = []string{"bash", "cat", "cp", "dirname", "env", "grep", "mktemp", "rm", "sh", "sleep", "tail"}

// everyJQ lets no call of jq fail and records all.
const everyJQ = -1

// options that change how the script is run, beyond its arguments.
type options struct {
	without     []string                                    // programs missing from PATH
	installedJQ bool                                        // use the jq of this machine instead of the pinned one
	trace       bool                                        // run under bash -x
	failingJQ   int                                         // the number of the call of jq that fails; everyJQ records all
	started     func(process *os.Process, directory string) // called once the script runs
}

func script(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "scripts", "deploy-app"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// perform runs the script before the stage's stand-ins.
func perform(t *testing.T, play stage, with options, arguments ...string) performance {
	t.Helper()
	directory := t.TempDir()
	bin := filepath.Join(directory, "bin")
	for kind, answers := range play {
		folder := filepath.Join(directory, "answers", kind)
		for i, a := range answers {
			base := filepath.Join(folder, fmt.Sprint(i+1))
			write(t, base+".stdout", a.stdout)
			write(t, base+".stderr", a.stderr)
			write(t, base+".exit", fmt.Sprintln(a.exit))
			if a.signal != "" {
				write(t, base+".signal", fmt.Sprintln(a.signal))
			}
			if a.hangs {
				write(t, base+".hangs", "")
			}
		}
	}
	standIn := testdata(t, "stand-in")
	programs := map[string]string{"jq": jq.Portable(t)}
	if with.installedJQ {
		programs["jq"] = jq.Installed(t)
	}
	realJQ := programs["jq"]
	if with.failingJQ != 0 {
		programs["jq"] = testdata(t, "jq-that-fails")
	}
	for _, name := range []string{"aws", "docker", "curl", "pulumi"} {
		programs[name] = standIn
	}
	for _, name := range systemTools {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		programs[name] = path
	}
	for _, name := range with.without {
		delete(programs, name)
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, path := range programs {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}

	command := []string{programs["bash"], script(t)}
	if with.trace {
		command = []string{programs["bash"], "-x", script(t)}
	}
	command = append(command, arguments...)
	process := exec.CommandContext(t.Context(), command[0], command[1:]...)
	process.Env = []string{
		"PATH=" + bin, "STAND_IN=" + directory, "TMPDIR=" + directory, "HOME=" + directory, "LANG=C.UTF-8",
		"REAL_JQ=" + realJQ, "JQ_FAILS_AT=" + strconv.Itoa(with.failingJQ),
	}
	process.Dir = directory
	var output bytes.Buffer
	process.Stdout, process.Stderr = &output, &output
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	if with.started != nil {
		with.started(process.Process, directory)
	}
	err := process.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}

	if unanswered := read(t, filepath.Join(directory, "unanswered")); unanswered != "" {
		t.Errorf("the stage has no answer for: %s", unanswered)
	}
	left, err := filepath.Glob(filepath.Join(directory, "deploy-app.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the script left %v behind (%v)", left, err)
	}
	result := performance{
		code:        process.ProcessState.ExitCode(),
		output:      output.String(),
		loginStdin:  read(t, filepath.Join(directory, "docker_login_stdin")),
		addressRead: read(t, filepath.Join(directory, "curl_config_stdin")),
		environment: read(t, filepath.Join(directory, "environment")),
		registered:  read(t, filepath.Join(directory, "aws_ecs_register-task-definition.json")),
	}
	for call := 1; with.failingJQ == everyJQ; call++ {
		arguments := read(t, filepath.Join(directory, fmt.Sprintf("jq_arguments.%d", call)))
		if arguments == "" {
			break
		}
		result.jqArguments = append(result.jqArguments, arguments)
	}
	if calls := strings.TrimSpace(read(t, filepath.Join(directory, "calls"))); calls != "" {
		result.calls = strings.Split(calls, "\n")
	}
	return result
}

// called returns the calls that begin with the given words.
func (p performance) called(words string) []string {
	var found []string
	for _, call := range p.calls {
		if call == words || strings.HasPrefix(call, words+" ") {
			found = append(found, call)
		}
	}
	return found
}

// expect checks the exit code and that the output holds every phrase.
func (p performance) expect(t *testing.T, code int, phrases ...string) {
	t.Helper()
	if p.code != code {
		t.Errorf("exit code %d, want %d", p.code, code)
	}
	for _, phrase := range phrases {
		if !strings.Contains(p.output, phrase) {
			t.Errorf("output lacks %q", phrase)
		}
	}
	if t.Failed() {
		t.Logf("output:\n%s\ncalls:\n%s", p.output, strings.Join(p.calls, "\n"))
	}
}

// expectUnchanged checks that nothing was changed: no login, no push, no registration, no deployment.
func (p performance) expectUnchanged(t *testing.T) {
	t.Helper()
	for _, words := range []string{
		"aws ecr get-login-password", "docker login", "docker tag", "docker push",
		"aws ecs register-task-definition", "aws ecs update-service",
	} {
		if calls := p.called(words); len(calls) > 0 {
			t.Errorf("called %q", calls)
		}
	}
}

// expectNotStarted checks that no deployment was started.
func (p performance) expectNotStarted(t *testing.T) {
	t.Helper()
	if calls := p.called("aws ecs update-service"); len(calls) > 0 {
		t.Errorf("started a deployment: %q", calls)
	}
}

// testdata is the absolute path of a file of the folder testdata.
func testdata(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read returns a file's content, empty if there is no such file.
func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(content)
}
