#compdef sallyport
# Completion of sallyport for zsh. Load it in ~/.zshrc, after compinit, with
#
#     source <(sallyport completion zsh)
#
# or write it to the file _sallyport in a folder of $fpath.

_sallyport() {
	local program=${${(Q)words[1]}/#\~/$HOME} answer word help lead
	local -a before candidates
	local -i files=0 status_=1
	(( $+commands[$program] )) || [[ -x $program ]] || program=sallyport
	(( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
	while IFS= read -r answer; do
		word=${answer%%$'\t'*} help=${answer#*$'\t'}
		if [[ -n $word ]]; then
			word=${${word//\\/\\\\}//:/\\:}
			candidates+=("$word${help:+:$help}")
		elif [[ $help == files$'\t'* ]]; then
			files=1 lead=${help#files$'\t'}
		fi
	done < <($program __complete "${before[@]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)
	(( $#candidates )) && _describe -V -t sallyport 'word' candidates && status_=0
	if (( files )); then
		[[ -n $lead ]] && compset -P "${(b)lead}"
		_files && status_=0
	fi
	return status_
}

if [[ $funcstack[1] == _sallyport ]]; then
	_sallyport "$@"
else
	compdef _sallyport sallyport
fi
