package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// StaticPrefix is where StaticHandler has to be mounted.
const StaticPrefix = "/static/"

//go:embed static
var staticFiles embed.FS

// staticTypes are the files we serve, and as what. A file without an entry is not served.
var staticTypes = map[string]string{
	"sallyport.css": "text/css; charset=utf-8",
	"sallyport.svg": "image/svg+xml",
}

type staticFile struct {
	path        string
	contentType string
	content     []byte
}

// staticIndex has each file under its plain name and under its request path, which carries a hash of the content and so
// can be cached for ever.
var staticIndex = sync.OnceValue(func() (index struct{ byName, byPath map[string]staticFile }) {
	index.byName, index.byPath = map[string]staticFile{}, map[string]staticFile{}
	for name, contentType := range staticTypes {
		content, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			panic("web: static file in the table but not embedded: " + name)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(name)
		f := staticFile{
			path:        StaticPrefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
			contentType: contentType,
			content:     content,
		}
		index.byName[name], index.byPath[f.path] = f, f
	}
	return index
})

func staticPath(name string) string { return staticIndex().byName[name].path }

// StaticHandler serves the style sheet and the icon. A request is looked up as a whole in a table, so there is no file
// system to walk out of and no directory to list.
func StaticHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := staticIndex().byPath[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", f.contentType)
		h.Set("Content-Length", strconv.Itoa(len(f.content)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		// An SVG opened by its address is a document of our origin: it gets a policy as well.
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		_, _ = w.Write(f.content)
	})
}
