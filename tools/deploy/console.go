package deploy

import (
	"fmt"
	"strings"
	"time"

	"mediaserver/tools/shellword"
)

// console prints what a run says.
type console struct {
	Surroundings
	started time.Time
	last    string // progress
	open    bool   // whether its line goes on
}

func (c *console) say(format string, values ...any) {
	c.close()
	fmt.Fprintf(c.Stdout, format+"\n", values...)
}

// warn prints to standard error, after the program's name.
func (c *console) warn(format string, values ...any) {
	c.close()
	fmt.Fprintf(c.Stderr, "deploy-app: "+format+"\n", values...)
}

// progress prints how far things are: on a terminal it overwrites the line before, elsewhere each change is a line.
func (c *console) progress(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	passed := int(time.Since(c.started).Seconds())
	if c.Terminal {
		fmt.Fprintf(c.Stdout, "\r\033[K%s (%d s)", text, passed)
		c.open = true
	} else if text != c.last {
		fmt.Fprintf(c.Stdout, "%s (%d s)\n", text, passed)
	}
	c.last = text
}

// close ends the line of the progress.
func (c *console) close() {
	if c.open {
		fmt.Fprintln(c.Stdout)
		c.open = false
	}
}

// show prints a command so that a shell can take it as it is.
func (c *console) show(prefix string, words ...string) {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = shellword.Quote(word)
	}
	c.say("%s %s", prefix, strings.Join(quoted, " "))
}
