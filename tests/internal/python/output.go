package python

import (
	"bytes"
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

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
