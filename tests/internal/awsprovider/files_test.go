package awsprovider

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var tokenPattern = regexp.MustCompile(`\n\tToken: +"aws:(\w+)/(\w+):\w+",`)

func TestEveryTypeAndFunctionIsInAFileNamedAsIt(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range tokenPattern.FindAllStringSubmatch(string(source), -1) {
			found++
			if want := fileOf(token[1], token[2]); entry.Name() != want {
				t.Errorf("aws:%s/%s is in %s, want %s", token[1], token[2], entry.Name(), want)
			}
		}
	}
	if found < len(good) {
		t.Errorf("%d tokens were found, fewer than there are types with good inputs: %d", found, len(good))
	}
}

// fileOf is the file that the rule in the package comment gives a token.
func fileOf(module, name string) string {
	var file strings.Builder
	for _, letter := range strings.TrimSuffix(name, "V2") {
		if unicode.IsUpper(letter) {
			file.WriteByte('_')
		}
		file.WriteRune(unicode.ToLower(letter))
	}
	return strings.TrimPrefix(module+"_", "index_") + file.String() + ".go"
}
