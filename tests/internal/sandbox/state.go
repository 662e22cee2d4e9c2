package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// organization stands in the file backend for the owner of a stack, as `pulumi about` shows it.
const organization = "organization"

// writeEmptyState makes the stack, with the encrypted data key of its secrets. There must be none of its name yet.
func (s *Stack) writeEmptyState(encryptedKey []byte) error {
	project, err := readProject(s.Root)
	if err != nil {
		return err
	}
	secrets, err := json.Marshal(map[string]any{"url": secretsProvider, "encryptedkey": encryptedKey})
	if err != nil {
		return fmt.Errorf("encode the secrets provider of stack %s: %w", s.Name, err)
	}
	// The first CLI that writes the state puts in its version.
	manifest := apitype.ManifestV1{Time: time.Now()}
	manifest.Magic = manifest.NewMagic()
	checkpoint, err := json.Marshal(apitype.CheckpointV3{
		Stack: tokens.QName(organization + "/" + project.Name + "/" + s.Name),
		Latest: &apitype.DeploymentV3{
			Manifest:         manifest,
			SecretsProviders: &apitype.SecretsProvidersV1{Type: "cloud", State: secrets},
		},
	})
	if err != nil {
		return fmt.Errorf("encode the state of stack %s: %w", s.Name, err)
	}
	text, err := json.Marshal(apitype.VersionedCheckpoint{Version: 3, Checkpoint: checkpoint})
	if err != nil {
		return fmt.Errorf("encode the state of stack %s: %w", s.Name, err)
	}
	path := s.stateFile(project)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the folder of the state: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the stack %s: %w", s.Name, err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the state of stack %s: %w", s.Name, err), os.Remove(path))
	}
	return nil
}

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
