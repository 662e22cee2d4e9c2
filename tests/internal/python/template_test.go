package python

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// saying is a program whose forks write to a file when they begin, and then do something.
func saying(then string) string {
	return "import os, sys, time, signal\nfrom forks import fork_for_each\n" +
		"def use(descriptor):\n    os.write(descriptor, b'begun')\n    " + then + "\nfork_for_each(use)\n"
}

func started(t *testing.T, program string) *Template {
	t.Helper()
	interpreter, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	template, err := Start(interpreter, program, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(template.Close)
	return template
}

// begun forks, and returns when the fork has begun. The file ends with the fork.
func begun(t *testing.T, template *Template) (*Fork, *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	fork, err := template.Fork(writer)
	_ = writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fork.Close)
	if count, err := reader.Read(make([]byte, 5)); count != 5 {
		t.Fatalf("the fork wrote %d bytes (%v); the template said:\n%s", count, err, template.Said())
	}
	return fork, reader
}

// awaitEnd returns when no process has the other end of a pipe.
func awaitEnd(t *testing.T, reader *os.File) {
	t.Helper()
	if count, err := reader.Read(make([]byte, 1)); count != 0 {
		t.Errorf("the fork wrote more (%v)", err)
	}
}

func TestTheEndOfAForkIsTold(t *testing.T) {
	for then, want := range map[string]int{
		"return 7":                             7,
		"return None":                          0,
		"os._exit(9)":                          9,
		"os.kill(os.getpid(), signal.SIGTERM)": -int(syscall.SIGTERM),
	} {
		fork, reader := begun(t, started(t, saying(then)))
		if code, known := fork.Wait(); code != want || !known {
			t.Errorf("after %s the code is %d (known: %t), want %d", then, code, known, want)
		}
		awaitEnd(t, reader)
	}
}

func TestTheEndsOfManyForksAtOnceAreAllTold(t *testing.T) {
	template := started(t, saying("return 3"))
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	var ends sync.WaitGroup
	for range 300 {
		ends.Go(func() {
			fork, err := template.Fork(nowhere)
			if err != nil {
				t.Error(err)
				return
			}
			if code, known := fork.Wait(); code != 3 || !known {
				t.Errorf("the code is %d (known: %t), want 3", code, known)
			}
			fork.Close()
		})
	}
	ends.Wait()
}

func TestAForkThatHasStoppedEndsWhenItIsClosed(t *testing.T) {
	template := started(t, saying("os.kill(os.getpid(), signal.SIGSTOP)"))
	fork, reader := begun(t, template)
	other, _ := begun(t, template)
	fork.Close()
	awaitEnd(t, reader)
	select {
	case <-other.Exited():
		t.Error("the other fork has ended, too")
	default:
	}
}

func TestForksGoOnWithoutTheirTemplateUntilTheyAreClosed(t *testing.T) {
	template := started(t, saying("time.sleep(3600)"))
	fork, reader := begun(t, template)
	if !template.Runs() {
		t.Error("the template does not run")
	}
	template.Close()
	if template.Runs() {
		t.Error("the template runs after it was closed")
	}
	if _, known := fork.Wait(); known {
		t.Error("somebody tells of a fork without a template")
	}
	if _, err := template.Fork(); err == nil {
		t.Error("a template that was closed forks")
	}
	fork.Close()
	awaitEnd(t, reader)
}

func TestAForkOfATemplateThatNeverLoadsIsNotWaitedFor(t *testing.T) {
	template := started(t, "import time; time.sleep(3600)")
	fork, err := template.Fork()
	if err != nil {
		t.Fatal(err)
	}
	fork.Close()
}

func TestATemplateThatCannotLoadSaysWhy(t *testing.T) {
	err := started(t, "import a_module_that_is_not_there").Loaded(t.Context())
	if err == nil || !strings.Contains(err.Error(), "No module named 'a_module_that_is_not_there'") {
		t.Errorf("the error is %v", err)
	}
	if err := started(t, saying("return")).Loaded(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestForksEndWithTheProcess is also the process that ends: it then says that a fork has begun, and waits to be killed.
func TestForksEndWithTheProcess(t *testing.T) {
	template := started(t, saying("time.sleep(3600)"))
	if os.Getenv("KILLED_WITH_FORK") != "" {
		_, err := template.Fork(os.Stdout)
		if err != nil {
			t.Fatal(err)
		}
		select {}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	killed := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	killed.Env, killed.Stdout = append(os.Environ(), "KILLED_WITH_FORK=1"), writer
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	if count, err := reader.Read(make([]byte, 5)); count != 5 {
		t.Errorf("the fork wrote %d bytes (%v)", count, err)
	}
	_ = killed.Process.Kill()
	_ = killed.Wait()
	awaitEnd(t, reader)
}
