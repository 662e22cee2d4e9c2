package emulator

import (
	"fmt"
	"os"
	"sync"

	"mediaserver/tests/internal/python"
)

// templates are the processes that have loaded moto, by their Python. They end with this process.
var templates = struct {
	sync.Mutex
	running map[string]*python.Template
}{running: map[string]*python.Template{}}

// fork lets a fork of a process that has loaded moto serve on the socket, and returns what both say while it starts. It
// starts that process if none runs.
func fork(interpreter string, socket, log *os.File) (*Emulator, fmt.Stringer, error) {
	template, err := templateOf(interpreter)
	if err != nil {
		return nil, nil, err
	}
	said := &sayings{template: template}
	if log == nil {
		if log, said.read, err = said.own.Pipe(); err != nil {
			return nil, nil, err
		}
		defer log.Close()
	}
	serving, err := template.Fork(socket, log)
	if err != nil {
		return nil, nil, err
	}
	said.exited = serving.Exited()
	return &Emulator{exited: serving.Exited(), end: serving.Close}, said, nil
}

// sayings are what a template and a fork of it say.
type sayings struct {
	template *python.Template
	// own is what a fork without a log says; one with a log says it there. It is complete when read is closed, which
	// follows exited.
	own          python.Output
	read, exited <-chan struct{}
}

func (s *sayings) String() string {
	select {
	case <-s.exited:
		if s.read != nil {
			<-s.read
		}
	default:
	}
	return s.template.Said() + s.own.String()
}

// templateOf returns the running template of a Python, and starts it if there is none.
func templateOf(interpreter string) (*python.Template, error) {
	templates.Lock()
	defer templates.Unlock()
	template := templates.running[interpreter]
	if template == nil || !template.Runs() {
		var err error
		if template, err = python.Start(interpreter, program, environment(), "many"); err != nil {
			return nil, err
		}
		templates.running[interpreter] = template
	}
	return template, nil
}
