package install

import "testing"

func TestOnlyACLIOfThePinnedMajorVersionThatIsNotOlderSuits(t *testing.T) {
	for version, want := range map[string]bool{
		"v3.255.0":      true,
		"v3.255.1":      true,
		"v3.300.0":      true,
		"v3.254.9":      false,
		"v3.99.0":       false,
		"v3.255.0-rc.1": false,
		"v4.0.0":        false,
		"3.255.0":       false,
		"":              false,
		"not a version": false,
	} {
		if got := suits(version, "v3.255.0"); got != want {
			t.Errorf("suits(%q, v3.255.0) = %t, want %t", version, got, want)
		}
	}
}
