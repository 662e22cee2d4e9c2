package fit

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// lastLines is how many lines of the log a verdict repeats.
	lastLines = 10
	// drainTime is how long the rest of the log of an ended container may take.
	drainTime = 5 * time.Second
)

// containerLog shows what a container prints, with a prefix before each line, and keeps the last lines. It writes only
// whole lines, so that they do not mix with other output.
type containerLog struct {
	prefix string
	output io.Writer
	ended  chan struct{}

	lock sync.Mutex
	rest string
	last []string
}

// follow shows a container's log from its start until the container or the context ends.
func (d Docker) follow(ctx context.Context, name, prefix string, output io.Writer) *containerLog {
	log := &containerLog{prefix: prefix, output: output, ended: make(chan struct{})}
	go func() {
		defer close(log.ended)
		// However this ends, the log has been shown as far as it went.
		_, _ = d.call(ctx, nil, []string{"logs", "--follow", name}, log, log)
		log.flush()
	}()
	return log
}

// drain waits for the rest of the log of a container that has ended, and returns its last lines.
func (l *containerLog) drain() []string {
	select {
	case <-l.ended:
	case <-time.After(drainTime):
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.last
}

func (l *containerLog) Write(text []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.rest += string(text)
	for {
		line, rest, found := strings.Cut(l.rest, "\n")
		if !found {
			return len(text), nil
		}
		l.rest = rest
		l.show(line)
	}
}

// flush shows the last line if nothing ended it.
func (l *containerLog) flush() {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.rest != "" {
		l.show(l.rest)
		l.rest = ""
	}
}

func (l *containerLog) show(line string) {
	fmt.Fprintln(l.output, l.prefix+line)
	l.last = append(l.last, line)
	l.last = l.last[max(0, len(l.last)-lastLines):]
}

// serialWriter lets several goroutines write to an output.
type serialWriter struct {
	lock   sync.Mutex
	output io.Writer
}

func (w *serialWriter) Write(text []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.output.Write(text)
}
