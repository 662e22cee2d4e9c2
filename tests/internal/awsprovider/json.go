package awsprovider

import (
	"bytes"
	"encoding/json"
)

// decodeJSON decodes a document and refuses members that the type lacks.
func decodeJSON(document string, into any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(document)))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
