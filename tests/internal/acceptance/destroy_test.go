package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestTheNameOfAFolderIsNoCommandOfTheScriptThatTakesAway(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "runs\necho harm #")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	r := &run{target: &Target{Name: "acceptance-test"}}
	r.Folder = folder
	if err := r.saveCommands("echo done\n"); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("sh", filepath.Join(folder, commandsFile)).CombinedOutput()
	if err != nil || string(output) != "done\n" {
		t.Errorf("the script says %q (%v), want only its own command", output, err)
	}
}
