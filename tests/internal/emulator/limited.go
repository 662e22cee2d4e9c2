package emulator

import (
	"bytes"
	"sync"
)

// startupOutput is how many bytes of the emulator's output an error about its start quotes.
const startupOutput = 8 << 10

// limited keeps the first bytes that are written to it.
type limited struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *limited) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := startupOutput - l.buffer.Len(); room > 0 {
		l.buffer.Write(text[:min(room, len(text))])
	}
	return len(text), nil
}

func (l *limited) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
