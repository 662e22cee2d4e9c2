package languagehost

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// countedGo puts a Go tool first on PATH that is the real one and counts its calls.
func countedGo(t *testing.T) (calls func() int) {
	t.Helper()
	goTool, err := findGo()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho called >>'%s/calls'\nexec '%s' \"$@\"\n", folder, goTool)
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() int {
		text, err := os.ReadFile(filepath.Join(folder, "calls"))
		if err != nil {
			return 0
		}
		return strings.Count(string(text), "called")
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheGoToolIsAskedAgainOnlyWhenAFileHasChanged(t *testing.T) {
	calls := countedGo(t)
	engine := newUser(t)
	client, _ := attach(t, serve(t), engine)
	program := request(t, "fmt.Println(text, word())", "fmt")
	root := program.GetPwd()
	put(t, filepath.Join(root, "text.txt"), "embedded")
	put(t, filepath.Join(root, "text.go"), "package main\nimport _ \"embed\"\n//go:embed text.txt\nvar text string\n")
	put(t, filepath.Join(root, "word.go"), "package main\nimport \"program/words\"\nfunc word() string { return words.Word }\n")
	put(t, filepath.Join(root, "words", "words.go"), "package words\nconst Word = \"first\"\n")
	put(t, filepath.Join(root, "other", "go.mod"), "module other\n")

	var earlier string
	for _, step := range []struct {
		what   string
		change func()
		asked  int
		prints string
	}{
		{"the first run", func() {}, 1, "embedded first"},
		{"an unchanged program", func() {}, 0, "embedded first"},
		{"a file of a package", func() { put(t, filepath.Join(root, "words", "words.go"), "package words\nconst Word = \"other\"\n") }, 1, "embedded other"},
		{"a binary that another process has found up to date", func() {
			now := time.Now()
			if err := os.Chtimes(filepath.Join(root, "bin", "program"), now, now); err != nil {
				t.Fatal(err)
			}
		}, 0, "embedded other"},
		{"an embedded file", func() {
			earlier = read(t, filepath.Join(root, "bin", "program"))
			put(t, filepath.Join(root, "text.txt"), "inserted")
		}, 1, "inserted other"},
		{"a file of another module", func() { put(t, filepath.Join(root, "other", "other.go"), "package other\n") }, 0, "inserted other"},
		{"a file in a hidden folder", func() { put(t, filepath.Join(root, ".git", "index"), "index") }, 0, "inserted other"},
		{"a new file", func() {
			put(t, filepath.Join(root, "new.go"), "package main\nfunc init() { text = \"new\" }\n")
		}, 1, "new other"},
		{"a file that is gone", func() {
			if err := os.Remove(filepath.Join(root, "new.go")); err != nil {
				t.Fatal(err)
			}
		}, 1, "inserted other"},
		{"a binary that is gone", func() {
			if err := os.Remove(filepath.Join(root, "bin", "program")); err != nil {
				t.Fatal(err)
			}
		}, 1, "inserted other"},
		{"a binary that somebody else has replaced", func() {
			put(t, filepath.Join(root, "bin", "program"), earlier)
		}, 1, "inserted other"},
		{"a workspace", func() { put(t, filepath.Join(root, "go.work"), "go 1.24\nuse .\n") }, 1, "inserted other"},
		{"an unchanged program in a workspace", func() {}, 1, "inserted other"},
		{"no workspace any more", func() {
			if err := os.Remove(filepath.Join(root, "go.work")); err != nil {
				t.Fatal(err)
			}
		}, 1, "inserted other"},
		{"a replaced module", func() {
			put(t, filepath.Join(root, "go.mod"), "module program\n\ngo 1.24\n\nreplace other => ./other\n")
		}, 1, "inserted other"},
		{"an unchanged program with a replaced module", func() {}, 1, "inserted other"},
	} {
		step.change()
		before, shown := calls(), len(engine.shown(pulumirpc.LogSeverity_INFO))
		response, err := client.Run(t.Context(), program)
		if err != nil || response.GetError() != "" || response.GetBail() {
			t.Fatalf("%s: %v, %v\n%s", step.what, response, err, engine.shown(pulumirpc.LogSeverity_ERROR))
		}
		if asked := calls() - before; asked != step.asked {
			t.Errorf("%s: the Go tool was asked %d times, want %d", step.what, asked, step.asked)
		}
		if printed := strings.TrimSpace(engine.shown(pulumirpc.LogSeverity_INFO)[shown:]); printed != step.prints {
			t.Errorf("%s: the program prints %q, want %q", step.what, printed, step.prints)
		}
	}
}

func TestAFileThatIsSavedDuringTheBuildIsBuiltByTheNextRun(t *testing.T) {
	goTool, err := findGo()
	if err != nil {
		t.Fatal(err)
	}
	engine := newUser(t)
	client, _ := attach(t, serve(t), engine)
	program := request(t, "fmt.Println(word)", "fmt")
	source := filepath.Join(program.GetPwd(), "word.go")
	put(t, source, "package main\nconst word = \"old\"\n")
	// A Go tool that is the real one, after whose first build an editor saves.
	folder := t.TempDir()
	put(t, filepath.Join(folder, "go"), fmt.Sprintf("#!/bin/sh\n'%s' \"$@\" || exit\n"+
		"[ -e '%s/saved' ] && exit\ntouch '%[2]s/saved'\nprintf 'package main\\nconst word = \"new\"\\n' >'%s'\n", goTool, folder, source))
	if err := os.Chmod(filepath.Join(folder, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	for range 2 {
		if response, err := client.Run(t.Context(), program); err != nil || response.GetBail() {
			t.Fatal(response, err, engine.shown(pulumirpc.LogSeverity_ERROR))
		}
	}
	if printed := engine.shown(pulumirpc.LogSeverity_INFO); printed != "old\nnew\n" {
		t.Errorf("the two runs print %q, want the old and the new word", printed)
	}
}

func TestABinaryAmongItsSourcesHidesNoneOfThem(t *testing.T) {
	engine := newUser(t)
	client, _ := attach(t, serve(t), engine)
	program := request(t, "fmt.Println(word)", "fmt")
	program.GetInfo().GetOptions().GetFields()["buildTarget"] = structpb.NewStringValue("program")
	for _, word := range []string{"old", "new"} {
		put(t, filepath.Join(program.GetPwd(), "word.go"), fmt.Sprintf("package main\nconst word = %q\n", word))
		if response, err := client.Run(t.Context(), program); err != nil || response.GetBail() {
			t.Fatal(response, err, engine.shown(pulumirpc.LogSeverity_ERROR))
		}
	}
	if printed := engine.shown(pulumirpc.LogSeverity_INFO); printed != "old\nnew\n" {
		t.Errorf("the two runs print %q, want the old and the new word", printed)
	}
}

func TestAProgramThatDidNotCompileIsCompiledAgain(t *testing.T) {
	calls := countedGo(t)
	client, _ := attach(t, serve(t), newUser(t))
	program := request(t, "this does not compile")
	for range 2 {
		if response, err := client.Run(t.Context(), program); err != nil || !response.GetBail() {
			t.Fatal(response, err)
		}
	}
	if calls() != 2 {
		t.Errorf("the Go tool was asked %d times, want 2", calls())
	}
}

func TestAFileInAHiddenFolderThatTheProgramIsMadeOfIsNotMissed(t *testing.T) {
	embedding := func(pattern string) string {
		return "package main\nimport \"embed\"\nvar (\n\t//go:embed " + pattern + "\n\tfiles embed.FS\n)\n"
	}
	const hidden, inside = ".hidden/word.go", "folder/.hidden/word.go"
	const readsFirst = `text, err := files.ReadFile("` + hidden + `"); fmt.Println(string(text), err)`
	const readsInside = `text, err := files.ReadFile("` + inside + `"); fmt.Println(string(text), err)`
	for name, program := range map[string]struct{ file, main, source string }{
		"embedded by name":             {hidden, readsFirst, embedding(".hidden/word.go")},
		"embedded by its folder":       {hidden, readsFirst, embedding("go.mod .hidden")},
		"embedded in quotes":           {hidden, readsFirst, embedding(`".hidden"`)},
		"embedded in other quotes":     {hidden, readsFirst, embedding("`.hidden`")},
		"embedded by a part of a path": {inside, readsInside, embedding("folder/.hidden")},
		"embedded with all":            {inside, readsInside, embedding("all:folder")},
		"embedded by an asterisk":      {inside, readsInside, embedding("folder/*")},
		"embedded by a question mark":  {hidden, readsFirst, embedding("?hidden")},
		"embedded by a class":          {hidden, readsFirst, embedding("[.]hidden")},
		"embedded by an escape":        {hidden, readsFirst, embedding(`\.hidden`)},
		"imported":                     {hidden, "fmt.Println(word.Word)", "package main\nimport word \"program/.hidden\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			engine := newUser(t)
			client, _ := attach(t, serve(t), engine)
			run := request(t, "run()")
			put(t, filepath.Join(run.GetPwd(), "run.go"), strings.Replace(program.source, "import", "import \"fmt\"\nimport", 1)+"func run() { "+program.main+" }\n")
			for _, word := range []string{"old", "new"} {
				put(t, filepath.Join(run.GetPwd(), program.file), "package word\nconst Word = \""+word+" word\"\n")
				before := len(engine.shown(pulumirpc.LogSeverity_INFO))
				if response, err := client.Run(t.Context(), run); err != nil || response.GetError() != "" || response.GetBail() {
					t.Fatal(response, err, engine.shown(pulumirpc.LogSeverity_ERROR))
				}
				if printed := engine.shown(pulumirpc.LogSeverity_INFO)[before:]; !strings.Contains(printed, word+" word") {
					t.Errorf("the program prints %q, want the %s word", printed, word)
				}
			}
		})
	}
}
