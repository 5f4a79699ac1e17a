#!/usr/bin/env bash
# Fetches CXF and WSS4J (Maven Central), makes classes of the contracts and compiles the peer into build/interop/cxf. Does nothing if that is done.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
to=${1:-$root/build/interop/cxf}
stamp=$(cat "$here"/{pom.xml,Peer.java,PolicyPeer.java,files.wsdl,build.sh} "$root/schemas/erp/erp.wsdl" "$here/../soap_php/quotes.wsdl" | sha256sum | cut -d' ' -f1)
[ "$(cat "$to/.built" 2>/dev/null)" = "$stamp" ] && exit 0
rm -rf "$to/classes" "$to/src"
mkdir -p "$to/classes" "$to/src" "$to/contracts"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$to/lib"
cp "$root/schemas/erp/erp.wsdl" "$here/../soap_php/quotes.wsdl" "$here/files.wsdl" "$to/contracts"
sed 's,schemas.xmlsoap.org/wsdl/soap/,schemas.xmlsoap.org/wsdl/soap12/,' "$root/schemas/erp/erp.wsdl" > "$to/contracts/erp12.wsdl"
cp "$to"/contracts/*.wsdl "$to/classes"
declare -A more=([erp]=-bareMethods [erp12]=-bareMethods [quotes]= [files]=)
for name in erp erp12 quotes files; do
    java -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$to/lib/*" org.apache.cxf.tools.wsdlto.WSDLToJava -quiet -exsh true ${more[$name]} -p "$name" -d "$to/src" "$to/contracts/$name.wsdl" 2> "$to/wsdl2java.log" || { cat "$to/wsdl2java.log" >&2; exit 1; }
done
javac -nowarn -proc:none -cp "$to/lib/*" -d "$to/classes" $(find "$to/src" -name '*.java') "$here/Peer.java" "$here/PolicyPeer.java"
echo "$stamp" > "$to/.built"
