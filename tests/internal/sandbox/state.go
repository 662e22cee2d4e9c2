package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Deployed tells whether the stack's state names any resource.
func (s *Stack) Deployed() (bool, error) {
	path, err := s.StateFile()
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the state of stack %s: %w", s.Name, err)
	}
	var state struct {
		Checkpoint struct {
			Latest struct{ Resources []json.RawMessage }
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return false, fmt.Errorf("read the state of stack %s from %s: %w", s.Name, path, err)
	}
	return len(state.Checkpoint.Latest.Resources) > 0, nil
}
