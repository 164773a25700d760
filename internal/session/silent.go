package session

import (
	"io"
	"log"
)

// silentLog takes what net/http says about requests that it cannot read. Whoever sends them is not the browser we wait for.
var silentLog = log.New(io.Discard, "", 0)
