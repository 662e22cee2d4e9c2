package tryimage

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// prefixed writes each line with a prefix, and only whole lines, so that it does not mix with what others write.
type prefixed struct {
	prefix string
	output io.Writer
	lock   sync.Mutex
	rest   []byte
}

func (p *prefixed) Write(text []byte) (int, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.rest = append(p.rest, text...)
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found {
			return len(text), nil
		}
		if _, err := fmt.Fprintf(p.output, "%s%s\n", p.prefix, line); err != nil {
			return 0, err
		}
		p.rest = rest
	}
}

// flush writes the last line if nothing ended it.
func (p *prefixed) flush() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if len(p.rest) > 0 {
		fmt.Fprintf(p.output, "%s%s\n", p.prefix, p.rest)
		p.rest = nil
	}
}
