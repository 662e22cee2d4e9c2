package awsprovider

import (
	"regexp"
)

var ecsName = textRule{
	1, 255, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), "only letters, digits, underscores and hyphens",
}
