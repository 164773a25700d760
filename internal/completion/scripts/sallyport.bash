# Completion of sallyport for bash. Load it in ~/.bashrc with
#
#     eval "$(sallyport completion bash)"
#
# or write it to the file sallyport in ~/.local/share/bash-completion/completions.

# _sallyport_words sets words to the words of the line up to the cursor. Bash has cut them at = and : as well; what no blank
# separates is glued together again.
_sallyport_words() {
	local line=${COMP_LINE:0:COMP_POINT} piece gap i
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		piece=${COMP_WORDS[i]}
		gap=${line%%[![:space:]]*}
		line=${line#"$gap"}
		if [[ $line == "$piece"* ]]; then
			line=${line#"$piece"}
		else # the cursor stands within this piece
			piece=$line line=
		fi
		if [[ $i == 0 || -n $gap ]]; then
			words+=("$piece")
		else
			words[${#words[@]} - 1]+=$piece
		fi
	done
}

# _sallyport_unquote sets plain to its argument without quotes and backslashes, as far as they can be told without running anything,
# quote to the quote that is still open, and inside to what stands behind that.
_sallyport_unquote() {
	local text=$1 letter
	plain= quote= inside=
	while [[ -n $text ]]; do
		letter=${text:0:1} text=${text:1}
		case $quote$letter in
		"''" | '""') quote= && continue ;;
		[\'\"]) quote=$letter inside= && continue ;;
		\\ | '"\') letter=${text:0:1} text=${text:1} ;;
		esac
		plain+=$letter inside+=$letter
	done
}

# _sallyport_add offers a word: without what readline keeps of it, and quoted where bash would take its letters for something else.
_sallyport_add() {
	local word=${1#"$kept"}
	if [[ -z $quote ]]; then
		printf -v word %q "$word"
		[[ $word == '\~'* ]] && word=${word:1}
	fi
	COMPREPLY+=("$word")
}

# _sallyport_files offers the paths that begin as the first argument, with the second one before each.
_sallyport_files() {
	local file
	while IFS= read -r file; do
		if [[ -d ${file/#'~'/"$HOME"} ]]; then
			file+=/
			compopt -o nospace 2>/dev/null
		fi
		_sallyport_add "$2$file"
	done < <(compgen -f -- "$1")
}

_sallyport() {
	local words plain quote inside kept tail program answer i
	_sallyport_words
	for i in "${!words[@]}"; do
		_sallyport_unquote "${words[i]}"
		words[i]=$plain
	done
	# Readline replaces what stands behind an open quote, or behind the last of its word breaks.
	tail=$inside
	if [[ -z $quote ]]; then
		tail=$plain
		[[ $COMP_WORDBREAKS == *=* ]] && tail=${tail##*=}
		[[ $COMP_WORDBREAKS == *:* ]] && tail=${tail##*:}
	fi
	kept=${plain%"$tail"}
	program=$(type -P -- "${words[0]/#'~'/$HOME}") || program=sallyport
	COMPREPLY=()
	while IFS= read -r answer; do
		case $answer in
		$'\tfiles\t'*)
			answer=${answer#$'\tfiles\t'}
			_sallyport_files "${plain#"$answer"}" "$answer"
			;;
		$'\t'*) ;; # a directive of a later version
		*) _sallyport_add "${answer%%$'\t'*}" ;;
		esac
	done < <("$program" __complete "${words[@]:1}" 2>/dev/null </dev/null)
}

complete -o nosort -F _sallyport sallyport 2>/dev/null || complete -F _sallyport sallyport
