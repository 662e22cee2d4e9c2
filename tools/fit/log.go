package fit

import (
	"bufio"
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

// containerLog shows what a container prints, with a prefix before each line, and keeps the last lines.
type containerLog struct {
	ended chan struct{}
	lock  sync.Mutex
	last  []string
}

// follow shows a container's log from its start until the container or the context ends.
func (d Docker) follow(ctx context.Context, name, prefix string, output io.Writer) *containerLog {
	log := &containerLog{ended: make(chan struct{})}
	printed, into := io.Pipe()
	go func() {
		// However this ends, the log has been shown as far as it went.
		_, _ = d.call(ctx, nil, []string{"logs", "--follow", name}, into, into)
		_ = into.Close()
	}()
	go func() {
		defer close(log.ended)
		for lines := bufio.NewReader(printed); ; {
			line, err := lines.ReadString('\n')
			if line = strings.TrimSuffix(line, "\n"); line != "" || err == nil {
				fmt.Fprintln(output, prefix+line)
				log.keep(line)
			}
			if err != nil {
				return
			}
		}
	}()
	return log
}

func (l *containerLog) keep(line string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.last = append(l.last, line)
	l.last = l.last[max(0, len(l.last)-lastLines):]
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
