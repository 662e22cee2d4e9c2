package python

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// mostOutput is how many bytes of a process's output an error about its start quotes.
const mostOutput = 8 << 10

// Output keeps the first bytes that are written to it.
type Output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *Output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if room := mostOutput - o.buffer.Len(); room > 0 {
		o.buffer.Write(text[:min(room, len(text))])
	}
	return len(text), nil
}

// Pipe opens a file for a process to print to. The output is complete when complete is closed: when nobody has the file
// open any more.
func (o *Output) Pipe() (file *os.File, complete <-chan struct{}, err error) {
	printed, file, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("open a pipe: %w", err)
	}
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(o, printed)
		_ = printed.Close()
		close(read)
	}()
	return file, read, nil
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
