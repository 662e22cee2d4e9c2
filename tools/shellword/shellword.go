// Package shellword quotes words for a POSIX shell.
package shellword

import "strings"

// Quote makes a word that a shell reads as the given text, whatever characters are in it. Text that a shell
// reads as it is stays as it is.
func Quote(text string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r))
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
